import type { Series } from "../domain/samples.ts";
import type { FileAbout } from "./file-schema.ts";
import type { Locator } from "./locator.ts";
import type { ByteSink, StoredObject } from "../r2/multipart-sink.ts";
import { limitsOf, periodFileKey, periodRange } from "../r2/period.ts";
import { type NamedSeries, RowGroupWriter } from "./row-group-writer.ts";
import { isEven } from "./time-encoding.ts";
import { compareUtf8 } from "../domain/utf8-order.ts";

type FileOptions = { readonly site: string } & FileAbout;

/** A point of a written file, and the place of its samples. */
export interface WrittenPoint {
  readonly name: string;
  readonly locator: Locator;
}

/** A stored file. */
export interface WrittenDayFile extends StoredObject {
  readonly rows: number;
  readonly rowGroups: number;
  /** bytes of the footer and its seal, so that a reader fetches them with one request */
  readonly footerBytes: number;
  /** ascending by name */
  readonly points: readonly WrittenPoint[];
}

/**
 * Writes the Parquet file of a site's day or month.
 *
 * - Points are written in UTF-8 order of their names.
 * - All rows of a point are in one row group. A group ends at the points and rows of `limitsOf`.
 * - In a month file, a point with evenly spaced times has a row group of its own: its times need almost no bytes, and a
 * read of it fetches no other point.
 * - Memory: one row group (17,000 rows of a day at a sample a minute), the sink's part, 2 KB per group for the footer.
 * - Calls must be awaited one by one.
 * - The first error aborts the file: nothing is stored, and every later call fails.
 */
export class DayFileWriter {
  readonly #sink: ByteSink;
  readonly #options: FileOptions;
  readonly #groups: RowGroupWriter;
  readonly #points: WrittenPoint[] = [];
  #pending: NamedSeries[] = [];
  #pendingRows = 0;
  #rows = 0;
  #rowGroups = 0;
  #last: string | null = null;
  #closed = false;

  /** @throws {RangeError} if the site or the period has no key */
  constructor(sink: ByteSink, options: FileOptions) {
    periodFileKey(options.site, options);
    this.#sink = sink;
    this.#options = options;
    this.#groups = new RowGroupWriter(options.site, options);
  }

  /**
   * @param series at least one sample; times strictly ascending within the period; values finite. Do not change it
   * before `finish`.
   * @throws {RangeError} for an invalid name or series, and for more rows than a point may have; the sink's errors
   */
  async writePoint(name: string, series: Series): Promise<void> {
    await this.#step(async () => {
      this.#check(name, series);
      const rows = series.times.length;
      const { points, groupRows } = limitsOf(this.#options);
      const isAlone = this.#options.month !== undefined && isEven(series.times);
      if (this.#pending.length > 0 && (isAlone || this.#pendingRows + rows > groupRows)) await this.#flush();
      this.#pending.push({ name, series });
      this.#pendingRows += rows;
      this.#last = name;
      if (isAlone || this.#pending.length === points) await this.#flush();
    });
  }

  /**
   * Ends the file and stores it.
   * @throws {RangeError} without any point: an empty file could be mistaken for a day that was fetched; the sink's
   * errors
   */
  async finish(): Promise<WrittenDayFile> {
    return this.#step(async () => {
      if (this.#last === null) throw new RangeError(`a ${this.#kind} without samples has no file`);
      if (this.#pending.length > 0) await this.#flush();
      const bytes = this.#groups.encodeFooter();
      await this.#sink.write(bytes);
      const stored = await this.#sink.finish();
      this.#closed = true;
      const { length: footerBytes } = bytes;
      return { ...stored, rows: this.#rows, rowGroups: this.#rowGroups, footerBytes, points: this.#points };
    });
  }

  /** Aborts the file. It may be called again. */
  async abort(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#sink.abort();
  }

  /** points of the open row group, which are not encoded yet */
  get pendingPoints(): number {
    return this.#pending.length;
  }

  get #kind(): "day" | "month" {
    return this.#options.month === undefined ? "day" : "month";
  }

  /** Runs a step. If it fails, it aborts the file, because the file would be incomplete. */
  async #step<T>(run: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new Error(`this ${this.#kind} file is finished or aborted`);
    try {
      return await run();
    } catch (error) {
      const [abort] = await Promise.allSettled([this.abort()]);
      if (abort.status === "fulfilled") throw error;
      throw new AggregateError([error, abort.reason], `writing a ${this.#kind} file failed, and so did aborting it`, {
        cause: error,
      });
    }
  }

  #check(name: string, { times, values }: Series): void {
    const reject = (reason: string): never => {
      // Anybody may read a day's `reason`, so the message does not name the point.
      throw new RangeError(`point ${this.#points.length + this.#pending.length} of the file: ${reason}`);
    };
    if (!name.isWellFormed()) reject("its name is not well-formed Unicode");
    if (this.#last !== null && compareUtf8(this.#last, name) >= 0) reject("its name does not follow the previous one");
    if (times.length === 0) reject("has no samples");
    const { pointRows } = limitsOf(this.#options);
    if (times.length > pointRows) reject(`has ${times.length} samples, more than ${pointRows}`);
    if (times.length !== values.length) reject(`has ${times.length} times and ${values.length} values`);
    const { start, end } = periodRange(this.#options);
    let before = start - 1;
    for (let i = 0; i < times.length; i++) {
      const time = times[i]!;
      if (!Number.isInteger(time) || time <= before) reject(`time ${time} does not ascend from ${before}`);
      if (!Number.isFinite(values[i])) reject(`has the value ${values[i]} at ${time}`);
      before = time;
    }
    if (before >= end) reject(`time ${before} is not in the ${this.#kind}`);
  }

  async #flush(): Promise<void> {
    const { extents, bytes } = this.#groups.encodeGroup(this.#pending);
    await this.#sink.write(bytes);
    let firstRow = 0;
    for (const [i, { name, series }] of this.#pending.entries()) {
      const rows = series.times.length;
      this.#points.push({ name, locator: { group: extents[i]!, firstRow, rows } });
      firstRow += rows;
    }
    this.#rows += firstRow;
    this.#rowGroups++;
    this.#pending = [];
    this.#pendingRows = 0;
  }
}
