import { dayFileKey } from "@building-vitals/core/r2/day-file-key";
import { DayFileWriter } from "@building-vitals/core/parquet/file-writer";
import { blockDayRows } from "@building-vitals/core/rollups/block-day-rows";
import { hourAggregates } from "@building-vitals/core/rollups/hour-aggregates";
import { decodeSlice, encodeSlice, withLocator } from "@building-vitals/core/rollups/hour-slice";
import { parseRows, pointsOfRow, rowsStatement } from "@building-vitals/core/rollups/read-rows";
import { writeHours } from "@building-vitals/core/rollups/write-rows";
import { type FilePoint, fileRows } from "@building-vitals/core/manifest/file-rows";
import { keepRowGroups } from "@building-vitals/core/store/keep-row-groups";
import type { ManifestFile } from "@building-vitals/core/manifest/manifest";
import { MultipartSink } from "@building-vitals/core/r2/multipart-sink";
import { packBlockPoints } from "@building-vitals/core/catalog/block-points";
import { markSeenInFile } from "@building-vitals/core/catalog/seen";
import { commitFile } from "@building-vitals/core/manifest/commit-day";
import type { DayBuild } from "@building-vitals/core/r2/staging";
import { compareUtf8 } from "@building-vitals/core/domain/utf8-order";
import { jsonChunks, MAX_ASCII_CHARS } from "@building-vitals/core/d1/json-chunks";
import { dayOf, dayStart } from "@building-vitals/core/domain/day";
import { hourOf } from "@building-vitals/core/domain/hour";
import { generationsOf, readMonthBasis } from "@building-vitals/core/manifest/month-basis";
import { appointMonth, endMonth, notePacked } from "@building-vitals/core/manifest/write-month-files";
import { packPointMonths } from "@building-vitals/core/months/pack-month";
import { touchHours } from "@building-vitals/core/store/hot-hours";
import { LatestRows } from "@building-vitals/core/store/latest";
import { segmentJson, segmentsOf } from "@building-vitals/core/store/new-segments";
import { insertSegments } from "@building-vitals/core/store/segment-rows";
import { clockStatement, moveClock, parseClock } from "@building-vitals/core/store/site-clock";
import { HOT_END, SITE_NAME, spreadIds, type YearSize } from "../../year-size.ts";
import { INTEGER_ROWS } from "../layouts.ts";
import { pointDay, pointName, scrapeTimes } from "./samples.ts";

/** The schema of `DB` is applied by the caller. */
export interface YearEnv {
  /** the site, as the query Worker finds it */
  readonly DB: D1Database;
  readonly TIMESERIES: R2Bucket;
  /** the baseline: a row a sample */
  readonly ROWS: D1Database;
  readonly YEAR: YearSize;
}

const SITE = { id: 1, name: SITE_NAME };
const NOW = HOT_END + 1_800_000;
const MINUTES_PER_HOUR = 60;
const MINUTES_PER_SYNC = 5;

/** The site and its points, whose data is whole up to half an hour after the year. */
export async function buildCatalog({ DB, ROWS, YEAR }: YearEnv): Promise<void> {
  const points = Array.from({ length: YEAR.points }, (_, i) => [i + 1, pointName(i + 1)]);
  const insert = `INSERT INTO points (id, site_id, name, source, configured, unit, unit_raw, tags, interval_s, interval_source)
    SELECT value ->> 0, 1, value ->> 1, 'catalog', 1, '°F', 'degrees-fahrenheit', '{"kv":{},"markers":[]}', 60, 'configured'
    FROM json_each(?1)`;
  await DB.batch([
    DB.prepare("INSERT INTO sites (id, name, catalog_at) VALUES (1, ?1, ?2)").bind(SITE.name, NOW),
    DB.prepare("INSERT INTO sync_state (site_id, watermark, updated_at) VALUES (1, ?1, ?1)").bind(NOW),
    DB.prepare(insert).bind(JSON.stringify(points)),
    packBlockPoints(
      DB,
      SITE.id,
      points.map(([, name]) => String(name)),
    ),
  ]);
  await ROWS.batch(INTEGER_ROWS.schema.map((sql) => ROWS.prepare(sql)));
}

/** Every point's aggregates of a day; `write` is given each point's samples in the order of a day file. */
async function aggregateDay(
  points: number,
  day: number,
  write: (name: string, series: ReturnType<typeof pointDay>) => Promise<void>,
) {
  const times = scrapeTimes(day);
  const named = Array.from({ length: points }, (_, i) => ({ pointId: i + 1, name: pointName(i + 1) }));
  const rows: FilePoint[] = [];
  for (const { pointId, name } of named.sort((a, b) => compareUtf8(a.name, b.name))) {
    const series = pointDay(pointId, day, times);
    await write(name, series);
    const slice = encodeSlice({ hours: hourAggregates(series, day), locator: null });
    rows.push({ pointId, slice, rows: times.length, first: times[0]!, last: times.at(-1)!, quality: null });
  }
  return rows;
}

async function publish(env: YearEnv, day: number, file: ManifestFile, points: readonly FilePoint[]): Promise<void> {
  const of: DayBuild = { build: `bench-${day}`, site: SITE, day };
  const rows = fileRows(day, points);
  const asked = Array.from({ length: 24 }, () => NOW);
  if (
    !(await commitFile(
      env.DB,
      of,
      file,
      { source: "api", generation: 1, settledStamp: 0, mark: null, asked },
      rows,
      NOW,
    ))
  ) {
    throw new Error(`day ${day} was published before`);
  }
  await markSeenInFile(env.DB, { siteId: of.site.id, day: of.day, generation: 1 }, rows.seen);
}

/** A day as it is settled: its file in R2, and its rows in D1. @param isKept with the file's row groups in D1, and the baseline */
export async function buildFileDay(env: YearEnv, day: number, isKept: boolean): Promise<void> {
  const key = dayFileKey(SITE.name, day);
  const writer = new DayFileWriter(new MultipartSink(env.TIMESERIES, key), { site: SITE.name, day, source: "api" });
  const rows = await aggregateDay(env.YEAR.points, day, (name, series) => writer.writePoint(name, series));
  const { etag, sha256, bytes, rows: count, points } = await writer.finish();
  const located = rows.map((row, i) => ({ ...row, slice: withLocator(row.slice, points[i]!.locator) }));
  if (isKept) {
    const content = { siteId: SITE.id, day, sha256, generation: 1 };
    await keepRowGroups({ db: env.DB, bucket: env.TIMESERIES }, content, { key, etag, bytes }, NOW);
    await buildBaseline(env, day);
  }
  await publish(env, day, { key, etag, sha256, bytes, rows: count, points: points.length }, located);
}

/** A day's rows in D1 alone, with the locators of a day that has a file: it is there for the charts that read no file. */
export async function buildRowsDay(env: YearEnv, day: number, like: number): Promise<void> {
  const { results } = await rowsStatement(env.DB, SITE.id, like, like).all();
  const found = parseRows(results).flatMap((row) => pointsOfRow(row)!);
  const locators = new Map(found.map(({ pointId, slice }) => [pointId, decodeSlice(slice).locator!]));
  const rows = await aggregateDay(env.YEAR.points, day, async () => {});
  const located = rows.map((row) => ({ ...row, slice: withLocator(row.slice, locators.get(row.pointId)!) }));
  const key = dayFileKey(SITE.name, day);
  const count = rows.reduce((sum, row) => sum + row.rows, 0);
  await publish(env, day, { key, etag: "none", sha256: "none", bytes: 0, rows: count, points: rows.length }, located);
}

/** A month whose days all have files, as it is packed when they are settled. */
export async function buildPackedMonth({ DB, YEAR }: YearEnv, month: number): Promise<void> {
  const basis = await readMonthBasis(DB, SITE.id, month);
  const ids = Array.from({ length: YEAR.points }, (_, i) => i + 1);
  const packed = await packPointMonths(DB, { siteId: SITE.id, basis, file: null }, ids);
  if (packed === null || packed.unpacked.length > 0) throw new Error(`month ${month} was not packed`);
  const build = { month, instance: `bench-${month}` };
  await appointMonth(DB, SITE.id, build);
  await notePacked(DB, SITE.id, build, generationsOf(month, basis.days)).run();
  await endMonth(DB, SITE.id, build, null, NOW);
}

/** A day as the sync and the roll-up leave it, with all hours rolled up; and the baseline. */
export async function buildOpenDay(env: YearEnv, day: number): Promise<void> {
  const { DB, YEAR } = env;
  await storeSamples(env, day, 24 * 60);
  const rows = await aggregateDay(YEAR.points, day, async () => {});
  const hot = rows.map(({ pointId, slice }) => ({ pointId, slice, rows: null }));
  await DB.batch(writeHours(DB, blockDayRows(day, hot)));
  await DB.prepare("UPDATE hot_hours SET rolled_up_version = version").run();
  await buildBaseline(env, day);
}

async function buildBaseline({ ROWS, YEAR }: YearEnv, day: number): Promise<void> {
  const times = scrapeTimes(day);
  for (const id of spreadIds(YEAR.points, YEAR.baselinePoints)) {
    const { values } = pointDay(id, day, times);
    const pointIds = new Int32Array(times.length).fill(id);
    await INTEGER_ROWS.write(ROWS, { pointIds, times, values, length: times.length });
  }
}

/** The hour after the year so far. It is not rolled up. */
export async function buildOpenHour(env: YearEnv): Promise<void> {
  await storeSamples(env, dayOf(HOT_END), 30);
}

/** The first minutes of a day of every point, as syncs leave them. */
async function storeSamples({ DB, YEAR }: YearEnv, day: number, minutes: number): Promise<void> {
  const times = scrapeTimes(day).subarray(0, minutes);
  const values = Array.from({ length: YEAR.points }, (_, i) => pointDay(i + 1, day, times).values);
  const latest = new LatestRows([]);
  let clock = parseClock((await clockStatement(DB, SITE.id).all()).results);
  for (let first = 0; first < minutes; first += MINUTES_PER_HOUR) {
    let { stamp } = clock;
    const token = `${day} ${first}`;
    const rows: string[] = [];
    const newest: D1PreparedStatement[] = [];
    for (let at = first; at < Math.min(first + MINUTES_PER_HOUR, minutes); at += MINUTES_PER_SYNC) {
      stamp++;
      const own = times.subarray(at, at + MINUTES_PER_SYNC);
      const offsets = Array.from(own, (time) => time - dayStart(day));
      const parts = values.map((ofDay, i) => {
        return { pointId: i + 1, offsets, values: Array.from(ofDay.subarray(at, at + own.length)) };
      });
      const segments = segmentsOf(day, own.at(-1)!, parts);
      rows.push(...segments.map((segment) => segmentJson(segment, stamp)));
      const update = latest.update(DB, segments);
      if (update !== null) newest.splice(0, 1, update);
    }
    const chunks = [...jsonChunks(rows, (row) => row, MAX_ASCII_CHARS)];
    await DB.batch([
      ...moveClock(DB, SITE.id, { from: clock, to: stamp, token }),
      ...chunks.map(({ json }) => insertSegments(DB, json)),
      touchHours(DB, SITE.id, [hourOf(times[first]!)], { first: clock.stamp + 1, last: stamp }),
      ...newest,
    ]);
    clock = { stamp, token };
  }
}
