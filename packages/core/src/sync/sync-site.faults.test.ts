import { createBuilding } from "@building-vitals/ace-simulator/building";
import type { FaultPlanInput } from "@building-vitals/ace-simulator/faults/fault-plan";
import { beforeAll, describe, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { renamedSite } from "../../test/renamed-site.ts";
import { differences, sourceSamples, storedSamples } from "../../test/stored-samples.ts";
import { MINUTE_MS, SyncWorld } from "../../test/sync-world.ts";
import { totalRejected } from "../domain/rejection.ts";
import { HOUR_MS } from "../domain/hour.ts";

const START = Date.UTC(2025, 9, 12, 2, 2, 7, 313);
const FIRST = START - HOUR_MS;
const STEPS_MIN = [30, 5, 60, 30, 45, 30, 5, 120, 30, 60, 30, 55];
const LOOKBACK_MS = 10 * MINUTE_MS;

const source = createBuilding({ seed: 11, site: "ses_faults", timezone: "America/Chicago", points: 10 });
/** every sample of the source, with its time; read once for all tests */
const everything = sourceSamples(source, { start: FIRST, end: START + 24 * HOUR_MS }).map((line) => ({
  line,
  time: Number(line.split(" ")[1]),
}));
const expectedIn = (start: number, end: number) =>
  everything.filter(({ time }) => time >= start && time < end).map(({ line }) => line);

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
});

type Rule = NonNullable<FaultPlanInput["rules"]>[number];

interface Day {
  /** the simulator's count of firings, by fault */
  readonly fired: Record<string, number>;
  readonly failedRuns: number;
}

/**
 * Half a day of syncs under a plan of faults. After every sync it checks that all samples of the source before the
 * watermark are stored, and no others; if samples are late, all before the watermark's lookback.
 */
async function liveThrough(site: string, faults: FaultPlanInput, options: { late?: boolean } = {}): Promise<Day> {
  const named = renamedSite(source, site);
  const world = new SyncWorld({ db, source: named, now: START, pageSize: 50, lookbackMs: LOOKBACK_MS, faults });
  const settledBefore = (watermark: number | null) =>
    watermark === null ? FIRST : watermark - (options.late === true ? LOOKBACK_MS : 0);
  let failedRuns = 0;
  let checked = FIRST;
  let watermarkBefore = FIRST;
  const syncAndCheck = async () => {
    const result = await world.sync();
    const { recordsInserted, recordsUnchanged, recordsFailed, recordsRejected } = result;
    const sum = recordsInserted + recordsUnchanged + recordsFailed + totalRejected(recordsRejected);
    expect(result.recordsFetched).toBe(sum);
    expect(result.errors.filter(({ stage }) => stage !== "weather").length > 0).toBe(
      result.incompleteBecause === "error",
    );
    if (!result.complete) failedRuns++;
    const { siteId, watermark } = await world.state();
    expect(watermark ?? FIRST).toBeGreaterThanOrEqual(watermarkBefore);
    watermarkBefore = watermark ?? FIRST;
    const settled = settledBefore(watermark);
    const range = { start: checked, end: Math.max(checked + 1, settled) };
    const stored = await storedSamples(db, siteId, range);
    if (settled > checked) expect(differences(expectedIn(range.start, range.end), stored)).toEqual([]);
    checked = Math.max(checked, settled - HOUR_MS);
  };
  for (const minutes of STEPS_MIN) {
    await syncAndCheck();
    await world.clock.sleep(minutes * MINUTE_MS);
  }
  const stats = await world.upstream(new Request("http://ace.test/_simulator/stats"));
  const { faults: fired } = await stats.json<{ faults: Record<string, number> }>();

  // the upstream recovers: missed and late samples arrive
  world.upstream = world.simulate([named]);
  await syncAndCheck();
  const { siteId } = await world.state();
  const whole = { start: FIRST, end: world.clock.now() + HOUR_MS };
  expect(differences(expectedIn(FIRST, world.clock.now()), await storedSamples(db, siteId, whole))).toEqual([]);
  return { fired, failedRuns };
}

const RULES: [name: string, rule: Rule][] = [
  ["429", { fault: "429", probability: 0.2 }],
  ["500", { fault: "500", probability: 0.2 }],
  ["502", { fault: "502", probability: 0.2 }],
  ["503", { fault: "503", probability: 0.2 }],
  ["504", { fault: "504", probability: 0.2 }],
  ["a slow answer", { fault: "hang", hangMs: 4_000, probability: 0.2 }],
  ["a body that ends early", { fault: "cut", probability: 0.2 }],
  ["a body that breaks off", { fault: "cut", how: "reset", probability: 0.2 }],
  ["a web page", { fault: "html", probability: 0.2 }],
  ["a cursor that repeats", { fault: "repeat_cursor", probability: 0.04 }],
  ["cursors in a circle", { fault: "repeat_cursor", cycle: true, probability: 0.04 }],
  ["empty pages with a cursor", { fault: "empty_page_with_cursor", probability: 0.2 }],
  ["duplicates", { fault: "duplicates", probability: 0.5 }],
  ["bad values", { fault: "bad_values", probability: 0.5 }],
  ["rows out of order", { fault: "out_of_order", probability: 0.5 }],
  ["lists that hide their number of pages", { fault: "null_pages" }],
];

describe("after syncs under a fault the stored samples are those without it", () => {
  test("none", async () => {
    expect(await liveThrough("ses_faults_none", {})).toEqual({ fired: {}, failedRuns: 0 });
  });

  test.each(RULES)("%s", async (name, rule) => {
    const { fired } = await liveThrough(`ses_faults_${name}`, { seed: 5, rules: [rule] });
    expect(fired[rule.fault]).toBeGreaterThan(0);
  });

  test("samples that are late, but within the lookback", async () => {
    const rule: Rule = { fault: "late", fraction: 0.3, minDelayMs: MINUTE_MS, maxDelayMs: LOOKBACK_MS };
    const day = await liveThrough("ses_faults_late", { rules: [rule] }, { late: true });
    expect(day.failedRuns).toBe(0);
  });

  test("minutes that are missing and return within the lookback", async () => {
    const end = START + 30 * MINUTE_MS;
    const ranges: [number, number][] = [[end - 9 * MINUTE_MS, end - MINUTE_MS]];
    const rule: Rule = { fault: "missing_hours", ranges, healedAt: end + MINUTE_MS / 2 };
    const day = await liveThrough("ses_faults_missing", { rules: [rule] }, { late: true });
    expect(day.failedRuns).toBe(0);
  });

  test.each([1, 2, 3])("all faults together, seed %i", async (seed) => {
    const rules = RULES.map(([, rule]): Rule =>
      rule.fault === "null_pages" || rule.fault === "late" || rule.fault === "missing_hours"
        ? rule
        : { ...rule, probability: 0.02 },
    );
    const late: Rule = { fault: "late", fraction: 0.1, minDelayMs: 1_000, maxDelayMs: LOOKBACK_MS };
    const day = await liveThrough(`ses_faults_all_${seed}`, { seed, rules: [...rules, late] }, { late: true });
    expect(Object.keys(day.fired).length).toBeGreaterThan(6);
  });
});
