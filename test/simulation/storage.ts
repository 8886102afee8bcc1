import { scanDayFile } from "@building-vitals/core/parquet/file-reader";
import { dayFileKey } from "@building-vitals/core/r2/day-file-key";
import { monthFileKey } from "@building-vitals/core/r2/month-file-key";
import { z } from "zod";
import type { SimulatedBucket } from "./bucket.ts";
import type { SimulatedDatabase } from "./database.ts";
import { DAY } from "./plant.ts";
import { Violation } from "./world.ts";

/** Samples by {@link sampleKey}, each with the text of its value. */
export type Samples = Map<string, string>;

export function sampleKey(name: string, time: number): string {
  return `${name} ${time}`;
}

/** The UTC day of a {@link sampleKey}, in whole days since 1970. */
export function dayOfKey(key: string): number {
  return Math.floor(Number(key.slice(key.lastIndexOf(" ") + 1)) / DAY);
}

/** Two values have the same text exactly if they are equal bit for bit. */
export function valueText(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

const segmentSchema = z.array(z.object({ asked: z.int(), body: z.string() }));
const nameSchema = z.array(z.object({ id: z.int(), name: z.string() }));
const daySchema = z.array(
  z.object({
    state: z.string(),
    etag: z.string().nullable(),
    pending: z.string(),
    asked: z.string().nullable(),
  }),
);
const hoursSchema = z.array(z.int()).length(24);

/** Segments of a site's day that are in no file, in the order of their commits. */
const SEGMENTS = `
SELECT g.asked, json(g.body) AS body FROM segments g
WHERE g.key >> 24 & 65535 = CAST(?2 AS INTEGER)
  AND g.key >> 40 IN (SELECT p.id >> 7 FROM points p JOIN sites s ON s.id = p.site_id WHERE s.name = ?1)
  AND g.key & 16777215 > coalesce((
    SELECT f.settled_stamp FROM day_files f JOIN sites s ON s.id = f.site_id
    WHERE s.name = ?1 AND f.day = CAST(?2 AS INTEGER)), 0)
ORDER BY g.key & 16777215`;

const DAY_FILE = `
SELECT f.state, f.etag, f.pending, f.asked FROM day_files f JOIN sites s ON s.id = f.site_id
WHERE s.name = ?1 AND f.day = CAST(?2 AS INTEGER)`;

/** A sample of a segment. */
interface HotSample {
  readonly value: string;
  readonly time: number;
  readonly asked: number;
}

const UNPUBLISHED =
  "SELECT s.name, f.day FROM day_files f JOIN sites s ON s.id = f.site_id WHERE f.etag IS NULL AND f.pending <> '{}'";
const unpublishedSchema = z.array(z.object({ name: z.string(), day: z.int() }));

/** The contents of both levels, read without the simulated code, except for the reader of a day file's bytes. */
export class Storage {
  readonly #database: SimulatedDatabase;
  readonly #bucket: SimulatedBucket;
  readonly #files = new Map<string, Samples>();

  constructor(database: SimulatedDatabase, bucket: SimulatedBucket) {
    this.#database = database;
    this.#bucket = bucket;
  }

  /**
   * The samples of a site's day in segments: of two at one time, the one requested later. @throws {Violation} for a
   * duplicate
   */
  #hot(site: string, day: number): Map<string, HotSample> {
    const names = new Map(
      nameSchema.parse(this.#database.rows("SELECT id, name FROM points")).map(({ id, name }) => [String(id), name]),
    );
    const samples = new Map<string, HotSample>();
    for (const { asked, body } of segmentSchema.parse(this.#database.rows(SEGMENTS, site, day))) {
      const own = new Set<string>();
      for (const [, id = "", text = ""] of body.matchAll(/"(\d+)":\{([^}]*)\}/g)) {
        for (const [, offset, number] of text.matchAll(/"(\d+)":([^,]+)/g)) {
          const time = day * DAY + Number(offset);
          const key = sampleKey(names.get(id) ?? `point ${id}`, time);
          if (own.has(key)) throw new Violation(`duplicate in one segment: ${key}`);
          own.add(key);
          if (asked >= (samples.get(key)?.asked ?? 0))
            samples.set(key, { value: valueText(Number(number)), time, asked });
        }
      }
    }
    return samples;
  }

  /** The samples of the file that readers take for a day's file, a pending one included. */
  async cold(site: string, day: number): Promise<Samples> {
    const key = dayFileKey(site, day);
    const object = this.#bucket.objects.get(key);
    const [row] = daySchema.parse(this.#database.rows(DAY_FILE, site, day));
    if (object === undefined) {
      if (row?.etag != null) throw new Violation(`${key} is published, but not in R2`);
      return new Map();
    }
    const isPending = Object.hasOwn(JSON.parse(row?.pending ?? "{}"), object.customMetadata["sha256"] ?? "");
    if (row?.etag !== object.etag && !isPending) throw new Violation(`${key} is in R2, but no build claimed it`);
    // A day's first file whose build has not published it. Readers do not know it.
    if (row?.etag == null) return new Map();
    const known = this.#files.get(object.etag);
    if (known !== undefined) return known;
    const samples: Samples = new Map();
    for await (const { name, series } of scanDayFile(bytesOf(object), { key, etag: object.etag })) {
      series.times.forEach((time, i) => {
        const sample = sampleKey(name, time);
        if (samples.has(sample)) throw new Violation(`duplicate in one day file: ${sample}`);
        if (Math.floor(time / DAY) !== day) throw new Violation(`${key} holds a sample of another day: ${sample}`);
        samples.set(sample, valueText(series.values[i]!));
      });
    }
    this.#files.set(object.etag, samples);
    return samples;
  }

  /** The samples of a month's object. */
  async month(site: string, month: number): Promise<Samples> {
    const key = monthFileKey(site, month);
    const object = this.#bucket.objects.get(key);
    const samples: Samples = new Map();
    if (object === undefined) return samples;
    for await (const { name, series } of scanDayFile(bytesOf(object), { key, etag: object.etag })) {
      series.times.forEach((time, i) => {
        const sample = sampleKey(name, time);
        if (samples.has(sample)) throw new Violation(`duplicate in one month file: ${sample}`);
        samples.set(sample, valueText(series.values[i]!));
      });
    }
    return samples;
  }

  /** Keys of days' first files that builds put and gave up before they published them. */
  unpublishedFiles(): Set<string> {
    const days = unpublishedSchema.parse(this.#database.rows(UNPUBLISHED));
    return new Set(days.map(({ name, day }) => dayFileKey(name, day)).filter((key) => this.#bucket.objects.has(key)));
  }

  /** Both levels of a site's day: a segment's sample replaces the file's if it was requested later. */
  async day(site: string, day: number): Promise<Samples> {
    const all = new Map(await this.cold(site, day));
    const [row] = daySchema.parse(this.#database.rows(DAY_FILE, site, day));
    const asked = row?.asked == null ? [] : hoursSchema.parse(JSON.parse(row.asked));
    for (const [key, sample] of this.#hot(site, day)) {
      if (!all.has(key) || sample.asked > (asked[new Date(sample.time).getUTCHours()] ?? 0)) all.set(key, sample.value);
    }
    return all;
  }
}

function bytesOf({ bytes, etag }: { readonly bytes: Uint8Array<ArrayBuffer>; readonly etag: string }) {
  return {
    get: async (_: string, { range }: { range: { offset: number; length: number } | { suffix: number } }) => {
      const from = "suffix" in range ? Math.max(0, bytes.length - range.suffix) : range.offset;
      const to = "suffix" in range ? bytes.length : range.offset + range.length;
      return { etag, size: bytes.length, arrayBuffer: async () => bytes.slice(from, to).buffer };
    },
  };
}
