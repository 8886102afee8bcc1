import { scanRowGroups, type ScannedPart } from "../parquet/file-reader.ts";
import { DayFileCorrupt } from "../r2/file-error.ts";
import { type Footer, readFooter } from "../parquet/footer.ts";
import type { RangeBucket } from "../r2/range-get.ts";
import type { Series } from "../domain/samples.ts";
import { compareUtf8 } from "../domain/utf8-order.ts";
import type { MonthSource, PartRange } from "./month-build.ts";

/** Bytes of a request of a day file; 31 of them are held at once. */
const RANGE_BYTES = 128 * 1024;

/** A Worker has six connections at once. */
const REQUESTS_AT_ONCE = 6;

/** A point's samples of the month, by day. */
export interface MergedPoint {
  readonly name: string;
  /** ascending by day, none empty */
  readonly days: readonly Series[];
}

/**
 * Reads the footers of day files, in the order of the sources.
 * @throws {DayFileMissing} {DayFileChanged} {DayFileCorrupt}; R2's errors
 */
export async function readFooters(bucket: RangeBucket, sources: readonly MonthSource[]): Promise<Footer[]> {
  const footers: Footer[] = [];
  for (let first = 0; first < sources.length; first += REQUESTS_AT_ONCE) {
    const some = sources.slice(first, first + REQUESTS_AT_ONCE);
    footers.push(...(await Promise.all(some.map((source) => readFooter(bucket, source)))));
  }
  for (const [i, { day, key }] of sources.entries()) {
    if (footers[i]!.day !== day) throw new DayFileCorrupt(key, 0, "footer: of another day than the manifest's");
  }
  return footers;
}

/** A scan of a day file, with its next point. */
interface Cursor {
  readonly points: AsyncIterator<{ readonly name: string; readonly series: Series }>;
  current: { readonly name: string; readonly series: Series } | null;
}

async function advance(cursor: Cursor): Promise<void> {
  const next = await cursor.points.next();
  cursor.current = next.done === true ? null : next.value;
}

/**
 * Merges the points of a part from the day files, in the order of names. Memory: of each file a range of 128 KB and the
 * current row group.
 * @throws {DayFileMissing} {DayFileChanged} {DayFileCorrupt}; R2's errors
 */
export async function* mergeSources(
  bucket: RangeBucket,
  sources: readonly MonthSource[],
  range: PartRange,
): AsyncGenerator<MergedPoint> {
  const footers = await readFooters(bucket, sources);
  const part: ScannedPart = { ...range, rangeBytes: RANGE_BYTES };
  const cursors = sources.map(({ key }, i): Cursor => ({
    points: scanRowGroups(bucket, key, footers[i]!, undefined, part),
    current: null,
  }));
  await advanceAll(cursors);
  for (;;) {
    const name = leastName(cursors);
    if (name === null) return;
    const atName = cursors.filter(({ current }) => current?.name === name);
    yield { name, days: atName.map(({ current }) => current!.series) };
    await advanceAll(atName);
  }
}

async function advanceAll(cursors: readonly Cursor[]): Promise<void> {
  // Files of a site have row groups in similar places, so many fetch at the same point.
  for (let first = 0; first < cursors.length; first += REQUESTS_AT_ONCE) {
    await Promise.all(cursors.slice(first, first + REQUESTS_AT_ONCE).map(advance));
  }
}

function leastName(cursors: readonly Cursor[]): string | null {
  let least: string | null = null;
  for (const { current } of cursors) {
    if (current !== null && (least === null || compareUtf8(current.name, least) < 0)) least = current.name;
  }
  return least;
}
