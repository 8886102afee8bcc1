import type { Series } from "../domain/samples.ts";
import type { FileAbout } from "./file-schema.ts";
import type { Locator } from "./locator.ts";
import type { ByteSink, StoredObject } from "../r2/multipart-sink.ts";
import { limitsOf, periodFileKey, periodRange } from "../r2/period.ts";
import { type NamedSeries, RowGroupWriter } from "./row-group-writer.ts";
import { isEven } from "./time-encoding.ts";
import { compareUtf8 } from "../domain/utf8-order.ts";

type FileOptions = { readonly site: string } & FileAbout;

/** A point of a file that was written, and where its samples lie in it. */
export interface WrittenPoint {
  readonly name: string;
  readonly locator: Locator;
}

/** A file as it was stored. */
export interface WrittenDayFile extends StoredObject {
  readonly rows: number;
  readonly rowGroups: number;
  /** size of the footer with its seal: what to fetch from the end of the file to read it in one request */
  readonly footerBytes: number;
  /** ascending by name */
  readonly points: readonly WrittenPoint[];
}

/**
 * Writes the Parquet file of a site's day or month, point by point in the UTF-8 order of their names. A point's rows are all in
 * one row group, of as many points and rows as `limitsOf` says: a group that would have more rows is closed before the point, so
 * a point with very many has a group of its own.
 *
 * In a month a point of an even pace has a group of its own, too: its times are next to nothing as differences, and a read of it
 * then fetches no other point.
 *
 * Memory: one row group (17,000 rows of a day at a sample a minute), the sink's part, and about 2 KB a group for the footer.
 * Calls must be awaited one by one. The first error gives the file up: nothing is stored, nothing more may be written.
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

  /** @throws {RangeError} where the site or the period has no key */
  constructor(sink: ByteSink, options: FileOptions) {
    periodFileKey(options.site, options);
    this.#sink = sink;
    this.#options = options;
    this.#groups = new RowGroupWriter(options.site, options);
  }

  /**
   * @param series at least one sample, times strictly ascending within the day or month, values finite; not to be changed
   *   until `finish`
   * @throws {RangeError} for a name or a series that is not so, and for more rows than a point may have; the sink's errors
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
   * @throws {RangeError} where no point was written: a day or month without samples has no file, so that an empty file can
   *   never stand for data that was not fetched; the sink's errors
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

  /** Gives the file up, where its source failed. */
  async abort(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#sink.abort();
  }

  /** points, of those that were written last, whose samples are not encoded yet */
  get pendingPoints(): number {
    return this.#pending.length;
  }

  get #kind(): "day" | "month" {
    return this.#options.month === undefined ? "day" : "month";
  }

  /** Runs a step; if it fails, so that the file would lack something, nobody can finish it. */
  async #step<T>(run: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new Error(`this ${this.#kind} file is finished or given up`);
    try {
      return await run();
    } catch (error) {
      const [abort] = await Promise.allSettled([this.abort()]);
      if (abort.status === "fulfilled") throw error;
      throw new AggregateError([error, abort.reason], `a ${this.#kind} file failed, and so did giving it up`, {
        cause: error,
      });
    }
  }

  #check(name: string, { times, values }: Series): void {
    const reject = (reason: string): never => {
      // anybody may read a day's `reason`, so it does not name the point
      throw new RangeError(`point ${this.#points.length + this.#pending.length} of the file: ${reason}`);
    };
    if (!name.isWellFormed()) reject("its name is no Unicode text");
    if (this.#last !== null && compareUtf8(this.#last, name) >= 0) reject("stands after a point of a higher name");
    if (times.length === 0) reject("has no samples");
    const { pointRows } = limitsOf(this.#options);
    if (times.length > pointRows) reject(`has ${times.length} samples, more than ${pointRows}`);
    if (times.length !== values.length) reject("has not as many values as times");
    const { start, end } = periodRange(this.#options);
    let before = start - 1;
    for (let i = 0; i < times.length; i++) {
      const time = times[i]!;
      if (!Number.isInteger(time) || time <= before) reject(`time ${time} does not ascend from ${before}`);
      if (!Number.isFinite(values[i])) reject(`has the value ${values[i]} at ${time}`);
      before = time;
    }
    if (before >= end) reject(`time ${before} is not of the ${this.#kind}`);
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
