import { scanDayFile } from "@building-vitals/core/cold/day-file-reader";
import { dayFileKey } from "@building-vitals/core/cold/day-file-key";
import { z } from "zod";
import type { SimulatedBucket } from "./bucket.ts";
import type { SimulatedDatabase } from "./database.ts";
import { DAY, HOUR } from "./plant.ts";
import { Violation } from "./world.ts";

/** Samples by {@link sampleKey}, each with the text of its value. */
export type Samples = Map<string, string>;

export function sampleKey(name: string, time: number): string {
  return `${name} ${time}`;
}

/** Two values have the same text exactly when they are the same, bit for bit. */
export function valueText(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

const rowSchema = z.array(z.object({ name: z.string(), hours: z.int(), samples: z.string() }));
const daySchema = z.array(z.object({ state: z.string(), etag: z.string().nullable(), pending: z.string() }));

/** What both levels hold, read past the code that is simulated but for the reader of a day file's bytes. */
export class Storage {
  readonly #database: SimulatedDatabase;
  readonly #bucket: SimulatedBucket;
  readonly #files = new Map<string, Samples>();

  constructor(database: SimulatedDatabase, bucket: SimulatedBucket) {
    this.#database = database;
    this.#bucket = bucket;
  }

  /** The hot samples of a site in [start, end), whole hours. @throws {Violation} where a sample stands there twice */
  hot(site: string, start: number, end: number): Samples {
    const rows = rowSchema.parse(
      this.#database.rows(
        `SELECT p.name, h.hour_point >> 20 AS hours, h.samples FROM sample_hours h
         JOIN points p ON p.id = h.hour_point & 1048575 JOIN sites s ON s.id = p.site_id
         WHERE s.name = ?1 AND h.hour_point >= CAST(?2 AS INTEGER) << 20 AND h.hour_point < CAST(?3 AS INTEGER) << 20`,
        site,
        start / HOUR,
        end / HOUR,
      ),
    );
    const samples: Samples = new Map();
    for (const { name, hours, samples: text } of rows) {
      for (const [, offset, value] of text.matchAll(/"(\d+)":([^,}]+)/g)) {
        const key = sampleKey(name, hours * HOUR + Number(offset));
        if (samples.has(key)) throw new Violation(`stored twice in one hot row: ${key}`);
        samples.set(key, valueText(Number(value)));
      }
    }
    return samples;
  }

  /** One hot sample; undefined where there is none. */
  hotValue(site: string, name: string, time: number): string | undefined {
    const hour = Math.floor(time / HOUR) * HOUR;
    return this.hot(site, hour, hour + HOUR).get(sampleKey(name, time));
  }

  /** The samples of the file that readers take for a day's, a pending one included. */
  async cold(site: string, day: number): Promise<Samples> {
    const key = dayFileKey(site, day);
    const object = this.#bucket.objects.get(key);
    const [row] = daySchema.parse(
      this.#database.rows(
        `SELECT f.state, f.etag, f.pending FROM day_files f JOIN sites s ON s.id = f.site_id
         WHERE s.name = ?1 AND f.day = CAST(?2 AS INTEGER)`,
        site,
        day,
      ),
    );
    if (object === undefined) {
      if (row?.etag != null) throw new Violation(`${key} is published, and is not there`);
      return new Map();
    }
    const isPending = Object.hasOwn(JSON.parse(row?.pending ?? "{}"), object.customMetadata["sha256"] ?? "");
    if (row?.etag !== object.etag && !isPending) throw new Violation(`${key} is in its place, and nobody announced it`);
    const known = this.#files.get(object.etag);
    if (known !== undefined) return known;
    const samples: Samples = new Map();
    for await (const { name, series } of scanDayFile(bytesOf(object), { key, etag: object.etag })) {
      series.times.forEach((time, i) => {
        const sample = sampleKey(name, time);
        if (samples.has(sample)) throw new Violation(`stored twice in one day file: ${sample}`);
        if (Math.floor(time / DAY) !== day) throw new Violation(`${key} holds a sample of another day: ${sample}`);
        samples.set(sample, valueText(series.values[i]!));
      });
    }
    this.#files.set(object.etag, samples);
    return samples;
  }

  /** Both levels of a site's day, the hot one winning. */
  async day(site: string, day: number): Promise<Samples> {
    return new Map([...(await this.cold(site, day)), ...this.hot(site, day * DAY, (day + 1) * DAY)]);
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
