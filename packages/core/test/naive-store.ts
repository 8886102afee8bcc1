import { z } from "zod";
import type { StoredCounts } from "../src/store/compare-arrivals.ts";
import type { Sample } from "./points.ts";

/** A stored value and the time of the request that brought it. */
export interface NaiveValue {
  readonly value: number;
  readonly asked: number;
}

/** Samples by `point time`. */
export type NaiveSamples = Map<string, NaiveValue>;

/** The expected effect of storing: one map entry per (point, time). */
export class NaiveStore {
  readonly samples: NaiveSamples;

  constructor(samples: NaiveSamples = new Map()) {
    this.samples = new Map(samples);
  }

  store(batch: readonly Sample[], asked: number, mode: "win" | "add" = "win"): StoredCounts {
    const counts = { inserted: 0, changed: 0, unchanged: 0, superseded: 0 };
    const fresh = new Map<string, number>();
    for (const [pointId, time, value] of batch) {
      const key = `${pointId} ${time}`;
      const earlier = fresh.get(key);
      if (earlier !== undefined) counts[Object.is(earlier, value) ? "unchanged" : "superseded"]++;
      fresh.set(key, value);
    }
    for (const [key, value] of fresh) {
      const held = this.samples.get(key);
      if (held !== undefined && Object.is(held.value, value)) counts.unchanged++;
      else if (held !== undefined && mode === "win" && asked < held.asked) counts.superseded++;
      else {
        counts[held === undefined ? "inserted" : "changed"]++;
        if (held === undefined || mode === "win") this.samples.set(key, { value, asked });
      }
    }
    return counts;
  }

  /** Samples of some points in a half-open range, ascending in time. */
  series(pointId: number, start: number, end: number): [time: number, value: number, asked: number][] {
    const series: [number, number, number][] = [];
    for (const [key, { value, asked }] of this.samples) {
      const [id = 0, time = 0] = key.split(" ").map(Number);
      if (id === pointId && time >= start && time < end) series.push([time, value, asked]);
    }
    return series.sort(([a], [b]) => a - b);
  }

  /** The newest sample of each point. */
  newest(): Map<number, { pointId: number; time: number; value: number; asked: number }> {
    const newest = new Map<number, { pointId: number; time: number; value: number; asked: number }>();
    for (const [key, { value, asked }] of this.samples) {
      const [pointId = 0, time = 0] = key.split(" ").map(Number);
      if (time > (newest.get(pointId)?.time ?? -1)) newest.set(pointId, { pointId, time, value, asked });
    }
    return newest;
  }
}

/** A row of the segments table. */
export interface StoredSegment {
  readonly block: number;
  readonly day: number;
  readonly stamp: number;
  readonly asked: number;
  /** milliseconds of the day */
  readonly first: number;
  readonly last: number;
  readonly chars: number;
  /** [point id, epoch ms, value] */
  readonly samples: readonly Sample[];
}

const rowsSchema = z.array(z.object({ key: z.int(), asked: z.int(), first: z.int(), last: z.int(), body: z.string() }));
const bodySchema = z.record(z.string(), z.record(z.string(), z.number()));

/** All segments, read without the code that writes them, ascending by key. */
export async function allSegments(db: D1Database): Promise<StoredSegment[]> {
  const { results } = await db
    .prepare("SELECT key, asked, first, last, json(body) AS body FROM segments ORDER BY key")
    .all();
  return rowsSchema.parse(results).map(({ key, asked, first, last, body }) => {
    const bits = BigInt(key);
    const day = Number((bits >> 24n) & 0xffffn);
    const samples = Object.entries(bodySchema.parse(JSON.parse(body))).flatMap(([id, own]) =>
      Object.entries(own).map(([offset, value]): Sample => [Number(id), day * 86_400_000 + Number(offset), value]),
    );
    const place = { block: Number(bits >> 40n), day, stamp: Number(bits & 0xffffffn) };
    return { ...place, asked, first, last, chars: body.length, samples };
  });
}

/** The samples of segments: of several values the one with the largest (asked, stamp). */
export function samplesOf(segments: readonly StoredSegment[]): NaiveSamples {
  const samples: NaiveSamples = new Map();
  for (const { asked, samples: own } of segments.toSorted((a, b) => a.asked - b.asked || a.stamp - b.stamp)) {
    for (const [pointId, time, value] of own) samples.set(`${pointId} ${time}`, { value, asked });
  }
  return samples;
}

/** Sorted lines, equal exactly if the samples are equal bit for bit. */
export function sorted(samples: NaiveSamples): [string, NaiveValue][] {
  return [...samples].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Empties the tables that storing writes. */
export async function emptyStore(db: D1Database): Promise<void> {
  const tables = ["segments", "block_latest", "hot_hours", "site_clocks", "day_files", "late_samples", "sync_state"];
  await db.batch(tables.map((table) => db.prepare(`DELETE FROM ${table}`)));
}

/** Creates a site, `ses_<id>`, and its points, `p<id>`. */
export async function siteWithPoints(db: D1Database, siteId: number, pointIds: readonly number[]): Promise<void> {
  await db.batch([
    db.prepare("INSERT INTO sites (id, name) VALUES (?1, ?2)").bind(siteId, `ses_${siteId}`),
    db
      .prepare(
        `INSERT INTO points (id, site_id, name, source, configured, tags)
         SELECT value, ?1, 'p' || value, 'catalog', 1, '{}' FROM json_each(?2)`,
      )
      .bind(siteId, JSON.stringify(pointIds)),
  ]);
}

const hoursSchema = z.array(z.object({ site_id: z.int(), hour: z.int(), first_stamp: z.int(), version: z.int() }));
const blocksSchema = z.array(z.object({ block: z.int(), site_id: z.int(), clock: z.int() }));

/** Faults of the stored segments and of the rows that lead to them. */
export async function storeFaults(db: D1Database): Promise<string[]> {
  const blocks = await db
    .prepare(
      `SELECT DISTINCT p.id >> 7 AS block, p.site_id, coalesce(c.stamp, 0) AS clock
       FROM points p LEFT JOIN site_clocks c ON c.site_id = p.site_id`,
    )
    .all();
  const byBlock = new Map(blocksSchema.parse(blocks.results).map((row) => [row.block, row]));
  const rows = hoursSchema.parse((await db.prepare("SELECT * FROM hot_hours").all()).results);
  const byHour = new Map(rows.map((row) => [`${row.site_id} ${row.hour}`, row]));
  const faults: string[] = [];
  for (const { block, day, stamp, first, last, chars, samples } of await allSegments(db)) {
    const name = `segment of block ${block}, day ${day}, stamp ${stamp}`;
    const site = byBlock.get(block);
    if (site === undefined || stamp > site.clock) faults.push(`${name}: no clock has its stamp`);
    if (chars > 500_000) faults.push(`${name}: ${chars} characters`);
    const offsets = samples.map(([, time]) => time - day * 86_400_000);
    if (Math.min(...offsets) !== first || Math.max(...offsets) !== last)
      faults.push(`${name}: not [${first}, ${last}]`);
    for (const [pointId, time] of samples) {
      if (pointId >> 7 !== block) faults.push(`${name}: point ${pointId}`);
      const hour = byHour.get(`${site?.site_id} ${time - (time % 3_600_000)}`);
      if (hour === undefined) faults.push(`${name}: no hot hour of ${time}`);
      else if (stamp < hour.first_stamp || stamp > hour.version) faults.push(`${name}: beyond the stamps of its hour`);
    }
  }
  return faults;
}
