import { loadCatalog } from "../src/catalog/catalog.ts";
import { dayRange } from "../src/domain/day.ts";
import { coldLevel } from "../src/query/cold-level.ts";
import { executeQuery } from "../src/query/execute.ts";
import { planQuery } from "../src/query/plan.ts";
import { readStored } from "../src/query/stored.ts";
import type { SampleLines } from "./stored-samples.ts";

/**
 * What a query over a site's day answers, both levels merged: lines `point time value`, sorted. A sample that it gave
 * twice is there twice.
 * @throws where a part of the storage could not be read
 */
export async function queriedDay(
  db: D1Database,
  bucket: R2Bucket,
  of: { readonly site: { readonly id: number }; readonly day: number },
): Promise<SampleLines> {
  const range = dayRange(of.day);
  const points = [...(await loadCatalog(db, of.site.id)).values()].map(({ id, name }) => {
    return { id, name, cadenceMs: null, expectation: null, firstSeen: null, unit: null, past: [] };
  });
  const ids = points.map(({ id }) => id);
  const stored = await readStored(db, of.site.id, ids, range, "locators");
  const asked = { points, range, interval: "raw", maxPoints: 2000, timeZone: "UTC", watermark: range.end } as const;
  const plan = planQuery({ ...asked, stored });
  const answer = await executeQuery(coldLevel(db, bucket, of.site.id), plan, range.end);
  if (answer.partial) throw new Error(`partial: ${JSON.stringify(answer.unreadable)}`);
  return answer.series
    .flatMap(({ point, times, values }) =>
      [...times].map((time, i) => `${point.name} ${time} ${Object.is(values[i], -0) ? "-0" : values[i]}`),
    )
    .sort();
}
