import { coldLevel } from "@building-vitals/core/read/cold-level";
import { executeQuery, type QueryAnswer } from "@building-vitals/core/query/execute";
import { judgeablePoint } from "@building-vitals/core/query/judge-point";
import { readLatestOfBoth } from "@building-vitals/core/read/latest";
import { planQuery, readWithPlan } from "@building-vitals/core/query/plan";
import { newestFileDay, readQueryState, siteVersionStatements } from "@building-vitals/core/query/query-state";
import { readStored } from "@building-vitals/core/read/stored";
import type { Deployment } from "./deployment.ts";
import type { Ledger, Word } from "./ledger.ts";
import { DAY, HOUR, OLDEST, type Plant, TODAY } from "./plant.ts";
import { type Samples, sampleKey, valueText } from "./storage.ts";
import type { World } from "./world.ts";

interface Question {
  readonly site: string;
  readonly points: readonly string[];
  readonly start: number;
  readonly end: number;
  readonly interval: "raw" | "1hr" | "1day";
  /** whether a second read fetches the samples after the plan, as for many points */
  readonly readsAgain: boolean;
}

/** Queries like the query Worker: the state, then the plan, then the samples. */
async function answerTo(db: D1Database, bucket: R2Bucket, question: Question): Promise<QueryAnswer | null> {
  const { site, points: names, interval, start, end, readsAgain } = question;
  const range = { start, end };
  const state = await readQueryState(db, site, names, range);
  if (state.siteId === null) return null;
  const points = [...state.points.values()].map(judgeablePoint);
  if (points.length === 0) return null;
  const ids = points.map(({ id }) => id);
  const asked = { points, range, interval, maxPoints: 2000, timeZone: "UTC", watermark: state.watermark };
  const wanted = readsAgain ? "locators" : readWithPlan(asked, state.hours.length > 0);
  const stored = await readStored(db, state.siteId, ids, range, wanted);
  const plan = planQuery({ ...asked, stored });
  return executeQuery(coldLevel(db, bucket, state.siteId), plan, Date.now());
}

/**
 * Queries while other processes run. The answer contains every sample reported as stored before the request, unless it
 * is partial and names the stretch. It contains only served samples.
 */
export function askBesides(name: string, world: World, deployment: Deployment, plant: Plant): void {
  const question = drawQuestion(world, plant);
  const { ledger } = deployment;
  deployment.reader(name, async (db, bucket) => {
    const known = within(ledger.promised, question);
    const answer = await answerTo(db, bucket, question);
    if (answer === null) return;
    // Samples that are being deleted may be in the answer or not.
    const before = new Map([...known].filter(([key]) => ledger.promised.has(key)));
    const problem =
      question.interval === "raw" ? faultOfSamples(answer, before, ledger) : faultOfBuckets(answer, before, ledger);
    if (problem !== null) world.violate(`${JSON.stringify(question)}: ${problem}`);
    // A month file may be missing or replaced meanwhile, but no fault damages one.
    const damaged = answer.unreadableMonths.find(({ reason }) => reason.includes(": at byte "));
    if (damaged !== undefined) world.violate(`no fault damages month files, and one is damaged: ${damaged.reason}`);
  });
}

/** Queries while nothing else runs and nothing fails: the answer is exactly the stored samples. */
export function askFor(name: string, world: World, deployment: Deployment, question: Question, stored: Samples): void {
  deployment.reader(name, async (db, bucket) => {
    const expected = within(stored, question);
    const answer = await answerTo(db, bucket, question);
    const problem =
      answer === null
        ? "no answer"
        : answer.partial || answer.unreadableMonths.length > 0
          ? `the answer is incomplete without a fault: ${JSON.stringify([answer.unreadable, answer.unreadableMonths])}`
          : question.interval === "raw"
            ? difference(expected, samplesOf(answer))
            : difference(bucketsOf(expected, question.interval), bucketTexts(answer));
    if (problem !== null) world.violate(`${JSON.stringify(question)}: ${problem}`);
  });
}

/** Like {@link askFor}, for the newest sample of each point. */
export function askForLatest(
  name: string,
  world: World,
  deployment: Deployment,
  site: string,
  points: readonly string[],
  stored: Samples,
): void {
  deployment.reader(name, async (db, bucket) => {
    const state = await readQueryState(db, site, points, { start: 0, end: world.clock });
    if (state.siteId === null) return;
    const asked = [...state.points.values()];
    const [, files] = await db.batch(siteVersionStatements(db, site));
    const cold = coldLevel(db, bucket, state.siteId);
    const { samples, partial } = await readLatestOfBoth(cold, asked, newestFileDay(files?.results), world.clock);
    if (partial) world.violate(`the answer of the newest samples of ${site} is partial without a fault`);
    const given = new Map(
      asked.flatMap(({ id, name: point }) => {
        const sample = samples.get(id);
        return sample === undefined ? [] : [[sampleKey(point, sample.time), valueText(sample.value)] as const];
      }),
    );
    const newest = new Map<string, number>();
    for (const { name: point, time } of [...stored.keys()].map(partsOf)) {
      if (points.includes(point)) newest.set(point, Math.max(time, newest.get(point) ?? 0));
    }
    const keys = [...newest].map(([point, time]) => sampleKey(point, time));
    const problem = difference(new Map(keys.map((key) => [key, stored.get(key)!])), given);
    if (problem !== null) world.violate(`newest samples of ${site}: ${problem}`);
  });
}

function drawQuestion({ random, now }: World, plant: Plant): Question {
  const site = random.pick([plant.sites[0] ?? "", ...plant.sites]);
  const points = plant.points.filter((point) => point.site === site && random.chance(0.7)).map(({ name }) => name);
  const isOver = now >= TODAY + 5 * DAY;
  const start = isOver
    ? OLDEST + random.pick([0, 0, 0, random.below(48) * HOUR])
    : Math.floor((now - random.below(40 * HOUR)) / HOUR) * HOUR;
  const end = isOver ? TODAY + DAY : start + (1 + random.below(40)) * HOUR;
  return { site, points, start, end, interval: random.pick(["raw", "raw", "1hr"]), readsAgain: random.chance(0.5) };
}

function within<T>(samples: ReadonlyMap<string, T>, { points, start, end }: Question): Map<string, T> {
  const wanted = new Set(points);
  return new Map(
    [...samples].filter(([key]) => {
      const { name, time } = partsOf(key);
      return wanted.has(name) && time >= start && time < end;
    }),
  );
}

function partsOf(key: string): { readonly name: string; readonly time: number } {
  const at = key.lastIndexOf(" ");
  return { name: key.slice(0, at), time: Number(key.slice(at + 1)) };
}

function samplesOf({ series }: QueryAnswer): Samples {
  return new Map(
    series.flatMap(({ point, times, values }) =>
      Array.from(times, (time, i) => [sampleKey(point.name, time), valueText(values[i]!)] as const),
    ),
  );
}

function isExcused(answer: QueryAnswer, time: number): boolean {
  return answer.partial && answer.missing.some(({ start, end }) => time >= start && time < end);
}

function faultOfSamples(answer: QueryAnswer, before: ReadonlyMap<string, Word>, ledger: Ledger): string | null {
  const given = samplesOf(answer);
  for (const [key, value] of given) {
    if (ledger.served.get(key)?.has(value) !== true) return `invented: ${key} = ${value} was never served`;
  }
  for (const [key, word] of before) {
    if (isExcused(answer, partsOf(key).time)) continue;
    const value = given.get(key);
    if (value === undefined) return `${key} is missing in the answer, which is not marked partial there`;
    if (!ledger.isAsLate(key, value, word))
      return `${key} is ${value} in the answer, expected ${word.value}, which was requested later`;
  }
  return null;
}

/** A range of counts, because samples arrive meanwhile: at least those stored before, at most those served. */
function faultOfBuckets(answer: QueryAnswer, before: ReadonlyMap<string, Word>, ledger: Ledger): string | null {
  const counted = new Map<string, number>();
  for (const { point, times, count } of answer.series) {
    times.forEach((time, i) => counted.set(sampleKey(point.name, time), count?.[i] ?? 0));
  }
  const hourKey = (key: string) => sampleKey(partsOf(key).name, Math.floor(partsOf(key).time / HOUR) * HOUR);
  const least = Map.groupBy(before.keys(), hourKey);
  for (const [key, keys] of least) {
    if ((counted.get(key) ?? 0) < keys.length && !isExcused(answer, partsOf(key).time)) {
      return `hour ${key}: count ${counted.get(key) ?? 0}, expected at least ${keys.length}, and not marked partial`;
    }
  }
  const most = Map.groupBy(ledger.served.keys(), hourKey);
  for (const [key, count] of counted) {
    if (count > (most.get(key)?.length ?? 0)) return `hour ${key}: count ${count} is more than the served samples`;
  }
  return null;
}

/** Count, minimum and maximum of each bucket, computed from the samples. */
function bucketsOf(samples: Samples, interval: "1hr" | "1day"): Samples {
  const length = interval === "1hr" ? HOUR : 24 * HOUR;
  const grouped = Map.groupBy(samples, ([key]) => {
    const { name, time } = partsOf(key);
    return sampleKey(name, Math.floor(time / length) * length);
  });
  return new Map(
    [...grouped].map(([key, entries]) => {
      const values = entries.map(([, value]) => Number(value));
      return [key, `${values.length} ${Math.min(...values)} ${Math.max(...values)}`];
    }),
  );
}

function bucketTexts({ series }: QueryAnswer): Samples {
  return new Map(
    series.flatMap(({ point, times, min, max, count }) =>
      Array.from(times, (time, i) => [sampleKey(point.name, time), `${count?.[i]} ${min?.[i]} ${max?.[i]}`] as const),
    ),
  );
}

function difference(expected: Samples, given: Samples): string | null {
  for (const [key, value] of expected) {
    if (given.get(key) !== value) return `${key}: answer ${given.get(key) ?? "missing"}, stored ${value}`;
  }
  for (const [key, value] of given) if (!expected.has(key)) return `${key}: answer ${value}, stored nothing`;
  return null;
}
