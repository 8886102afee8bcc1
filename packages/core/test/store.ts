import { z } from "zod";
import type { Backoff } from "../src/d1/retry.ts";
import { dayStart } from "../src/domain/day.ts";
import type { PointSamples } from "../src/domain/samples.ts";
import type { TimeRange } from "../src/domain/time-range.ts";
import { segmentRowsSchema } from "../src/store/whole-blocks.ts";
import { decodeBody, encodeBody } from "../src/store/segment-body.ts";
import { placeOfKey } from "../src/store/segment-key.ts";
import type { StoredCounts } from "../src/store/compare-arrivals.ts";
import { addMissingSamples, storeSamples } from "../src/store/store-samples.ts";

/** Request times after every clock of a test, ascending, so that samples stored here have priority. */
let asked = 4_000_000_000_000;

/** The site of a point; the only site if the point is unknown. */
async function siteOf(db: D1Database, pointId: number | undefined): Promise<number> {
  const find = db.prepare(
    "SELECT coalesce((SELECT site_id FROM points WHERE id = ?1), (SELECT min(id) FROM sites)) AS id",
  );
  return z.object({ id: z.int() }).parse(await find.bind(pointId ?? 0).first()).id;
}

/** Stores samples of one site's points, replacing stored samples at their times. */
export async function upsertSamples(
  db: D1Database,
  samples: PointSamples,
  alongside: readonly D1PreparedStatement[] = [],
  backoff?: Backoff,
  now: () => number = Date.now,
): Promise<StoredCounts> {
  const siteId = await siteOf(db, samples.pointIds[0]);
  return storeSamples({ db, siteId, now, ...(backoff === undefined ? {} : { backoff }) }, samples, asked++, alongside);
}

/** Stores samples of one site's points at times without a sample. */
export async function addSamples(
  db: D1Database,
  samples: PointSamples,
  alongside: readonly D1PreparedStatement[] = [],
): Promise<StoredCounts> {
  const siteId = await siteOf(db, samples.pointIds[0]);
  return addMissingSamples({ db, siteId, now: Date.now }, samples, 0, alongside);
}

/** All samples in segments, settled ones included, as sorted lines `point time value`. */
export async function segmentSamples(db: D1Database): Promise<string[]> {
  const { results } = await db.prepare("SELECT key, asked, json(body) AS body FROM segments ORDER BY asked, key").all();
  const samples = new Map<string, number>();
  for (const { key, body } of segmentRowsSchema.parse(results)) {
    for (const { pointId, offsets, values } of decodeBody(key, body)) {
      offsets.forEach((offset, i) => samples.set(`${pointId} ${dayStart(placeOfKey(key).day) + offset}`, values[i]!));
    }
  }
  return [...samples].map(([at, value]) => `${at} ${value}`).sort();
}

/** Deletes the samples of whole hours as if they had never arrived. @param range epoch ms */
export async function forgetHours(db: D1Database, range: TimeRange): Promise<void> {
  const { results } = await db.prepare("SELECT key, asked, json(body) AS body FROM segments").all();
  for (const { key, body } of segmentRowsSchema.parse(results)) {
    const start = dayStart(placeOfKey(key).day);
    const kept = decodeBody(key, body).flatMap(({ pointId, offsets, values }) => {
      const wanted = [...offsets.keys()].filter(
        (i) => start + offsets[i]! < range.start || start + offsets[i]! >= range.end,
      );
      const part = { pointId, offsets: wanted.map((i) => offsets[i]!), values: wanted.map((i) => values[i]!) };
      return wanted.length === 0 ? [] : [part];
    });
    await (kept.length === 0
      ? db.prepare("DELETE FROM segments WHERE key = ?1").bind(key).run()
      : db.prepare("UPDATE segments SET body = jsonb(?2) WHERE key = ?1").bind(key, encodeBody(kept)).run());
  }
  await db.prepare("DELETE FROM hot_hours WHERE hour >= ?1 AND hour < ?2").bind(range.start, range.end).run();
}

/** Moves all samples in segments back by some days. */
export async function moveBack(db: D1Database, days: number): Promise<void> {
  await db.batch([
    db.prepare("UPDATE segments SET key = key - (?1 << 24)").bind(days),
    db.prepare("UPDATE hot_hours SET hour = hour - ?1 * 86400000").bind(days),
  ]);
}
