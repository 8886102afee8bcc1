import { dayFileKey } from "@building-vitals/core/r2/day-file-key";
import { DayFileWriter } from "@building-vitals/core/parquet/file-writer";
import { MultipartSink } from "@building-vitals/core/r2/multipart-sink";
import { extentBytes } from "@building-vitals/core/parquet/locator";
import { dayStart } from "@building-vitals/core/domain/day";
import { monthDays, monthOf } from "@building-vitals/core/domain/month";
import { compareUtf8 } from "@building-vitals/core/domain/utf8-order";
import { mergePart } from "@building-vitals/core/months/merge-part";
import type { MonthBuild, MonthSource, StagedPart } from "@building-vitals/core/months/month-build";
import { planParts } from "@building-vitals/core/months/plan-parts";
import { putMonthFile, stagedLocators } from "@building-vitals/core/months/put-month-file";
import type { BenchSize } from "../size.ts";
import { unhurried } from "./cold-day.ts";
import { pointDay, pointName, scrapeTimes } from "./year/samples.ts";

interface MonthBenchEnv {
  readonly TIMESERIES: R2Bucket;
  readonly SIZE: BenchSize;
}

const OF: MonthBuild = { build: "bench", site: { id: 1, name: "month" }, month: monthOf(20_000) };

function daysOf({ SIZE }: MonthBenchEnv): number[] {
  const { first } = monthDays(OF.month);
  return Array.from({ length: SIZE.month.days }, (_, i) => first + i);
}

/** Writes a day file of the month. @returns the bytes that reads of one point fetch, summed over all points */
export async function writeMonthDay(env: MonthBenchEnv, index: number): Promise<{ fetched: number }> {
  const day = daysOf(env)[index]!;
  const key = dayFileKey(OF.site.name, day);
  const about = { site: OF.site.name, day, source: "api" } as const;
  const writer = new DayFileWriter(new MultipartSink(env.TIMESERIES, key), about);
  const ids = Array.from({ length: env.SIZE.month.points }, (_, i) => i + 1);
  const times = scrapeTimes(day);
  for (const id of ids.sort((a, b) => compareUtf8(pointName(a), pointName(b)))) {
    await writer.writePoint(pointName(id), pointDay(id, day, times));
  }
  const { points } = await writer.finish();
  return { fetched: points.reduce((sum, { locator }) => sum + extentBytes(locator.group), 0) };
}

async function sourcesOf(env: MonthBenchEnv): Promise<MonthSource[]> {
  const sources: MonthSource[] = [];
  for (const day of daysOf(env)) {
    const key = dayFileKey(OF.site.name, day);
    const object = await env.TIMESERIES.head(key);
    if (object === null) throw new Error(`${new Date(dayStart(day)).toISOString()}: expected a day file, found none`);
    sources.push({ day, key, etag: object.etag, bytes: object.size, generation: 1 });
  }
  return sources;
}

/** The state between the steps of a build. */
const build: { sources: MonthSource[]; parts: StagedPart[] } = { sources: [], parts: [] };

/** Cuts the month into parts. */
export async function planMonth(env: MonthBenchEnv) {
  build.sources = await sourcesOf(env);
  const ranges = await planParts(unhurried(env.TIMESERIES), build.sources);
  return { ranges, bytes: build.sources.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** Merges a part. A step has 128 MB and 30 s of CPU for this. */
export async function mergeMonthPart(env: MonthBenchEnv, number: number, from: string | null, to: string | null) {
  let requests = 0;
  const bucket = unhurried(env.TIMESERIES, () => requests++);
  const part = await mergePart(bucket, OF, build.sources, { from, to }, number);
  build.parts[number] = part;
  return { rows: part.rows, points: part.points, requests };
}

/** Publishes the file. @returns its size, and the bytes that reads of one point fetch, summed over all points */
export async function putMonth(env: MonthBenchEnv): Promise<{ rows: number; bytes: number; fetched: number }> {
  const { rows, bytes } = await putMonthFile(unhurried(env.TIMESERIES), OF, build.sources, build.parts);
  let fetched = 0;
  for (const { number } of build.parts) {
    const located = await stagedLocators(env.TIMESERIES, OF, build.parts, number);
    fetched += located.reduce((sum, { locator }) => sum + extentBytes(locator.group), 0);
  }
  return { rows, bytes, fetched };
}
