import { env } from "cloudflare:workers";
import { dayFileKey } from "@building-vitals/core/r2/day-file-key";
import { DayFileWriter, type WrittenDayFile } from "@building-vitals/core/parquet/file-writer";
import { hourAggregates } from "@building-vitals/core/rollups/hour-aggregates";
import { encodeSlice } from "@building-vitals/core/rollups/hour-slice";
import { deleteDayRows } from "@building-vitals/core/rollups/delete-rows";
import { insertPointDays } from "@building-vitals/core/test/block-days";
import { MultipartSink } from "@building-vitals/core/r2/multipart-sink";
import { compareUtf8 } from "@building-vitals/core/domain/utf8-order";
import { dayOf } from "@building-vitals/core/domain/day";
import type { Series } from "@building-vitals/core/domain/samples";
import { type Sample, SITE, siteId } from "./service.ts";

/** Id of the site that the tests settle. */
export function keyOf(day: number): string {
  return dayFileKey(SITE, day);
}

function seriesOf(samples: readonly Sample[]): Series {
  const sorted = samples.toSorted(([, a], [, b]) => a - b);
  return {
    times: Float64Array.from(sorted, ([, time]) => time),
    values: Float64Array.from(sorted, ([, , value]) => value),
  };
}

interface BuiltDay {
  readonly day: number;
  readonly key: string;
  readonly written: WrittenDayFile;
  readonly points: readonly { readonly id: number; readonly series: Series; readonly slice: Uint8Array }[];
}

/** Writes the file of one day's samples in its place, without a manifest row. */
export async function writeDayFile(samples: readonly Sample[], names: ReadonlyMap<number, string>): Promise<BuiltDay> {
  const day = dayOf(samples[0]![1]);
  const key = keyOf(day);
  const writer = new DayFileWriter(new MultipartSink(env.TIMESERIES, key), { site: SITE, day, source: "d1" });
  const byPoint = [...Map.groupBy(samples, ([id]) => id)].sort(([a], [b]) => compareUtf8(names.get(a)!, names.get(b)!));
  const series = byPoint.map(([id, own]) => ({ id, series: seriesOf(own) }));
  for (const one of series) await writer.writePoint(names.get(one.id)!, one.series);
  const written = await writer.finish();
  return {
    day,
    key,
    written,
    points: series.map((one, i) => {
      const { locator } = written.points[i]!;
      return { ...one, slice: encodeSlice({ hours: hourAggregates(one.series, day), locator }) };
    }),
  };
}

/** Publishes a day file that was written: the builder's last step, without the deletion of hot rows. */
export async function publishDay({ day, key, written, points }: BuiltDay): Promise<void> {
  const site = await siteId(SITE);
  const file = [key, written.etag, written.sha256, written.bytes, written.rows, points.length];
  await env.DB.batch([
    env.DB.prepare(
      `INSERT OR REPLACE INTO day_files
       (site_id, day, state, key, etag, sha256, bytes, rows, points, source, build, generation, updated_at)
       VALUES (?1, ?2, 'written', ?3, ?4, ?5, ?6, ?7, ?8, 'd1', ?9,
         (SELECT coalesce(max(generation), 0) + 1 FROM day_files WHERE site_id = ?1 AND day = ?2), 0)`,
    ).bind(site, day, ...file, crypto.randomUUID()),
    env.DB.prepare("UPDATE hot_hours SET rolled_up_version = NULL WHERE hour / 86400000 = ?1").bind(day),
    deleteDayRows(env.DB, site, day),
  ]);
  await insertPointDays(
    env.DB,
    day,
    points.map(({ id, series, slice }) => ({ pointId: id, slice, rows: series.times.length })),
  );
}

/** Writes and publishes the day files of samples. */
export async function settle(samples: readonly Sample[], names: ReadonlyMap<number, string>): Promise<BuiltDay[]> {
  const built: BuiltDay[] = [];
  for (const own of Map.groupBy(samples, ([, time]) => dayOf(time)).values()) {
    const day = await writeDayFile(own, names);
    await publishDay(day);
    built.push(day);
  }
  return built;
}

/** Deletes the segments of days. */
export async function deleteHotDays(...days: number[]): Promise<void> {
  await env.DB.batch(
    [
      "DELETE FROM segments WHERE (key >> 24) & 65535 IN (SELECT value FROM json_each(?1))",
      "DELETE FROM hot_hours WHERE hour / 86400000 IN (SELECT value FROM json_each(?1))",
    ].map((sql) => env.DB.prepare(sql).bind(JSON.stringify(days))),
  );
}

/** The state and reason of a day in the manifest. */
export async function manifestRow(day: number): Promise<{ state: unknown; reason: unknown } | null> {
  return env.DB.prepare("SELECT state, reason FROM day_files WHERE day = ?1").bind(day).first();
}

export async function clearCold(): Promise<void> {
  await env.DB.batch(["block_days", "day_files"].map((table) => env.DB.prepare(`DELETE FROM ${table}`)));
  const { objects } = await env.TIMESERIES.list();
  if (objects.length > 0) await env.TIMESERIES.delete(objects.map(({ key }) => key));
}
