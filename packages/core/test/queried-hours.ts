import { env } from "cloudflare:workers";
import { dayStart } from "../src/domain/day.ts";
import { monthDays } from "../src/domain/month.ts";
import { coldLevel } from "../src/read/cold-level.ts";
import { executeQuery } from "../src/query/execute.ts";
import { planQuery } from "../src/query/plan.ts";
import { readStored } from "../src/read/stored.ts";
import type { MonthSite } from "./month-site.ts";

/**
 * The hours of a world's month that a query answers from the aggregates: sorted lines `point hour count min mean max`.
 */
export async function queriedHours(db: D1Database, { site, month, points: named }: MonthSite): Promise<string[]> {
  const { first, end } = monthDays(month);
  const range = { start: dayStart(first), end: dayStart(end) };
  const points = named.map(({ id, name }) => {
    return { id, name, cadenceMs: null, expectation: null, firstSeen: null, unit: null, past: [] };
  });
  const ids = points.map(({ id }) => id);
  const stored = await readStored(db, site.id, ids, range, "rollups");
  const asked = { points, range, interval: "1hr", maxPoints: 2000, timeZone: "UTC", watermark: range.end } as const;
  const answer = await executeQuery(coldLevel(db, env.TIMESERIES, site.id), planQuery({ ...asked, stored }), range.end);
  if (answer.partial || answer.misplaced.length > 0) throw new Error(`partial: ${JSON.stringify(answer.misplaced)}`);
  return answer.series
    .flatMap(({ point, times, values, min, max, count }) =>
      [...times].map((time, i) => `${point.name} ${time} ${count![i]} ${min![i]} ${values[i]} ${max![i]}`),
    )
    .sort();
}
