import { loadCatalog } from "../src/catalog/catalog.ts";
import { dayStart } from "../src/domain/day.ts";
import { type ColdBucket, coldLevel } from "../src/read/cold-level.ts";
import { executeQuery, type QueryAnswer } from "../src/query/execute.ts";
import { planQuery } from "../src/query/plan.ts";
import { readStored } from "../src/read/stored.ts";
import type { SampleLines } from "./stored-samples.ts";

/** Days [first, last] of a site, of all its points or of those with the given indexes in the order of their names. */
interface QueriedDays {
  readonly site: { readonly id: number };
  readonly first: number;
  readonly last: number;
  readonly points?: readonly number[];
}

/** A raw query's answer over both levels, and its samples as sorted lines `point time value`. */
export async function queriedDays(
  db: D1Database,
  bucket: ColdBucket,
  { site, first, last, points: wanted }: QueriedDays,
): Promise<{ readonly answer: QueryAnswer; readonly lines: SampleLines }> {
  const range = { start: dayStart(first), end: dayStart(last + 1) };
  const all = [...(await loadCatalog(db, site.id)).values()].map(({ id, name }) => {
    return { id, name, cadenceMs: null, expectation: null, firstSeen: null, unit: null, past: [] };
  });
  all.sort((a, b) => (a.name < b.name ? -1 : 1));
  const points = wanted === undefined ? all : wanted.map((at) => all[at]!);
  const ids = points.map(({ id }) => id);
  const stored = await readStored(db, site.id, ids, range, "locators");
  const asked = { points, range, interval: "raw", maxPoints: 2000, timeZone: "UTC", watermark: range.end } as const;
  const plan = planQuery({ ...asked, stored });
  const answer = await executeQuery(coldLevel(db, bucket, site.id), plan, range.end);
  const lines = answer.series
    .flatMap(({ point, times, values }) =>
      [...times].map((time, i) => `${point.name} ${time} ${Object.is(values[i], -0) ? "-0" : values[i]}`),
    )
    .sort();
  return { answer, lines };
}

/**
 * A query's answer for a site's day: sorted lines `point time value`. A sample that it returns twice is there twice.
 * @throws if a part of the storage could not be read
 */
export async function queriedDay(
  db: D1Database,
  bucket: ColdBucket,
  { site, day }: { readonly site: { readonly id: number }; readonly day: number },
): Promise<SampleLines> {
  const { answer, lines } = await queriedDays(db, bucket, { site, first: day, last: day });
  if (answer.partial) throw new Error(`partial: ${JSON.stringify(answer.unreadable)}`);
  return lines;
}

/** An R2 that has lost every object. */
export const LOST_BUCKET: ColdBucket = { get: () => Promise.resolve(null), head: () => Promise.resolve(null) };
