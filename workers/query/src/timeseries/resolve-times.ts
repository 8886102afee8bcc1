import { Problem } from "@building-vitals/core/domain/problem";
import { timeRange, type TimeRange } from "@building-vitals/core/domain/time-range";
import { resolveTime } from "@building-vitals/core/query/asked-time";
import { readWatermarks } from "@building-vitals/core/query/watermarks";
import type { TimeseriesRequest } from "./request.ts";

const MINUTE_MS = 60_000;

export interface ResolvedTimes {
  readonly range: TimeRange;
  /** bounds of the request's own buckets; null: buckets are those of an interval */
  readonly bounds: Float64Array | null;
}

/**
 * The times of a request. Reads the site's front, in one statement, only if a time is relative.
 * @param clock epoch ms; stands for the front of a site without a finished sync window
 * @throws {Problem} `invalid_request`
 */
export async function resolveTimes(
  db: D1Database,
  siteName: string,
  { times: asked, interval }: Pick<TimeseriesRequest, "times" | "interval">,
  timeZone: string,
  clock: number,
): Promise<ResolvedTimes> {
  const isRelative = asked.some(({ kind }) => kind === "relative");
  const front = isRelative ? ((await readWatermarks(db, [siteName])).get(siteName) ?? clock) : clock;
  const now = Math.floor(front / MINUTE_MS) * MINUTE_MS;
  const hasBounds = interval === "bounds";
  const fields = hasBounds ? asked.map(() => "bounds") : ["start_time", "end_time"];
  const times = asked.map((one, i) => {
    const time = resolveTime(one, now, timeZone);
    if (time === null) throw new Problem("invalid_request", `${fields[i]}: is outside of the calendar`, fields[i]);
    return time;
  });
  for (let i = 1; i < times.length; i++) {
    if (times[i]! > times[i - 1]!) continue;
    const [before, time] = [times[i - 1]!, times[i]!].map((ms) => new Date(ms).toISOString());
    const rule = hasBounds ? "bounds ascend" : "the range is [start, end)";
    const earlier = hasBounds ? before : "start_time";
    throw new Problem("invalid_request", `${fields[i]}: ${time} is not after ${earlier}; ${rule}.`, fields[i]);
  }
  const range = timeRange(times[0]!, times.at(-1)!);
  return { range, bounds: hasBounds ? Float64Array.from(times) : null };
}
