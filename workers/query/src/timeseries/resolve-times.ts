import { Problem } from "@building-vitals/core/domain/problem";
import { timeRange, type TimeRange } from "@building-vitals/core/domain/time-range";
import { type AskedTime, resolveTime } from "@building-vitals/core/query/asked-time";
import { readWatermarks } from "@building-vitals/core/query/watermarks";

const MINUTE_MS = 60_000;

/**
 * The range of a request. Reads the site's front, in one statement, only if a time is relative.
 * @param clock epoch ms; stands for the front of a site without a finished sync window
 * @throws {Problem} `invalid_request`
 */
export async function resolveRange(
  db: D1Database,
  siteName: string,
  [askedStart, askedEnd]: readonly [AskedTime, AskedTime],
  timeZone: string,
  clock: number,
): Promise<TimeRange> {
  const isRelative = askedStart.kind === "relative" || askedEnd.kind === "relative";
  const front = isRelative ? ((await readWatermarks(db, [siteName])).get(siteName) ?? clock) : clock;
  const now = Math.floor(front / MINUTE_MS) * MINUTE_MS;
  const resolve = (asked: AskedTime, field: string) => {
    const time = resolveTime(asked, now, timeZone);
    if (time === null) throw new Problem("invalid_request", `${field}: is outside of the calendar`, field);
    return time;
  };
  const [start, end] = [resolve(askedStart, "start_time"), resolve(askedEnd, "end_time")];
  if (start >= end) {
    const detail = `end_time: ${new Date(end).toISOString()} is not after start_time; the range is [start, end).`;
    throw new Problem("invalid_request", detail, "end_time");
  }
  return timeRange(start, end);
}
