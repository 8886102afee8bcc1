import { hourAggregates } from "../rollups/hour-aggregates.ts";
import { encodeSlice, withLocator } from "../rollups/hour-slice.ts";
import { loadCatalog, withNames } from "../catalog/catalog.ts";
import { dayStart, HOURS_PER_DAY } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { addRejections, type RejectionCounts, type RejectionReason } from "../domain/rejection.ts";
import { FORMULA_VERSION, qualityValues } from "../quality/point-day-quality.ts";
import { type DayBase, findBase, type HeadBucket } from "./day-base.ts";
import { DayJudge } from "./day-judge.ts";
import { DayBuildError } from "./day-build-error.ts";
import { scanDayFile } from "../parquet/file-reader.ts";
import type { DayFileSource } from "../parquet/file-schema.ts";
import { DayFileWriter, type WrittenDayFile } from "../parquet/file-writer.ts";
import { type FilePoint, fileRows, packFileRows } from "../manifest/file-rows.ts";
import { mergePoints, type SpillLayers } from "./merge-points.ts";
import { MultipartSink, type UploadBucket } from "../r2/multipart-sink.ts";
import { namesChecksum, type PointOrder, pointOrder } from "./point-order.ts";
import type { SpillIndex } from "./spill-format.ts";
import type { RangeBucket } from "../r2/range-get.ts";
import { SpillReader } from "./spill-reader.ts";
import type { SpilledSegments } from "./spill-segments.ts";
import { FILE_IS_LEFT } from "../manifest/manifest.ts";
import type { StagedDay } from "../manifest/staged-day.ts";
import {
  type DayBuild,
  type SegmentLayer,
  segmentSpillKey,
  spillKey,
  stagedFileKey,
  stagedRowsKey,
} from "../r2/staging.ts";
import { verifyDayFile } from "./verify-day-file.ts";

export interface MergeContext {
  readonly db: D1Database;
  readonly bucket: RangeBucket &
    UploadBucket &
    HeadBucket & {
      put(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<unknown>;
    };
}

export interface MergeOptions {
  readonly source: DayFileSource;
  /** hours (0 to 23) with a spill of the API's samples, ascending, and when the API was asked for each, epoch ms */
  readonly hours: readonly number[];
  readonly asked?: readonly number[];
  /** the day's segments; default: none */
  readonly segments?: SpilledSegments;
  /** the base before the segments were spilled; default: the present base */
  readonly base?: DayBase;
  /** a point that the new file omits; the file may then be empty */
  readonly without?: string;
  /** replace an object that is not the one that was written, without reading it; default false */
  readonly replaceSuspect?: boolean;
}

/** A point's part of the day. Its slice has no locator yet. */
type MergedPoint = Omit<FilePoint, "pointId"> & { readonly name: string };

/** Rejected records that another catalogue or decoder might accept. */
const STORABLE: readonly RejectionReason[] = ["unconfigured", "bad_time", "malformed", "future"];

/**
 * Merges a build's sources into a day file in staging, and verifies it by reading it back. Sources: the API's hours,
 * the day's segments and its present file. At equal times the sample that was requested last wins. Safe to repeat.
 *
 * Memory for 6.6 M samples: a range of 128 KB and a block of 16,384 rows per spill, the writer's row group and 8 MB
 * part, and about 1.5 KB per point.
 * @throws {DayBuildError} if the spills do not allow a build; {DayFileMissing}, {DayFileCorrupt} and {DayFileChanged}
 * for spills and files; the errors of D1 and R2
 */
export async function mergeDay(context: MergeContext, build: DayBuild, options: MergeOptions): Promise<StagedDay> {
  const { bucket } = context;
  const base = options.base ?? (await findBase(context, build, options.replaceSuspect === true));
  // A day that was once proved complete stays so: a merge removes no sample.
  const source = base.file?.source === "api" ? "api" : options.source;
  const { key, suspect, manifestEtag } = base;
  // A deletion of a point also ends the deletion that left the file.
  if (base.isLeft && options.without === undefined) throw new DayBuildError(FILE_IS_LEFT);
  const lineage = { baseEtag: base.etag, baseGeneration: base.generation, generation: base.nextGeneration };
  const { segments } = options;
  const latest = [base.asked, options.asked, segments?.asked];
  const asked = Array.from({ length: HOURS_PER_DAY }, (_, hour) =>
    Math.max(...latest.map((hours) => hours?.[hour] ?? 0)),
  );
  // The segments' clock is at or after the base's stamp, unless D1 was restored between the two reads. Then only the
  // clock counts.
  const { settledStamp, mark } = segments ?? base;
  const progress = { settledStamp, mark, asked };
  const staged = { source, key, ...lineage, found: null, ...progress, rowsBytes: 0, suspect, manifestEtag };
  if (suspect !== null) return { ...staged, file: null };

  // another build requested these hours later and has published them
  const isStale = (hour: number) => (options.asked?.[hour] ?? Number.POSITIVE_INFINITY) < base.asked[hour]!;
  const openApi = (hours: readonly number[]) => openSpills(bucket, build, hours, (hour) => spillKey(build, hour));
  const isFresh = (hour: number) => !isStale(hour);
  const openSegments = (layer: SegmentLayer, isWanted: (hour: number) => boolean = () => true) => {
    const hours = (segments?.layers[layer] ?? []).filter(isWanted);
    return openSpills(bucket, build, hours, (hour) => segmentSpillKey(build, hour, layer));
  };
  const layers = {
    under: await openSegments("under"),
    stale: await openApi(options.hours.filter(isStale)),
    afterStale: await openSegments("between", isStale),
    afterFile: await openSegments("between", isFresh),
    api: await openApi(options.hours.filter(isFresh)),
    over: await openSegments("over"),
  };
  const merged = await writeMerged(context, build, source, layers, base, options.without);
  if (merged === null) {
    const [damaged] = segments?.damaged ?? [];
    if (damaged !== undefined) throw new DayBuildError(`there are no samples, and segment ${damaged[0]} ${damaged[1]}`);
    if (options.without === undefined) refuseDoubtfulEmptiness([...layers.stale, ...layers.api], options.source, base);
    return { ...staged, file: null };
  }
  const { written, points } = merged;
  const { db } = context;
  const names = points.map(({ name }) => name);
  const catalog = await withNames(db, build.site.id, await loadCatalog(db, build.site.id), names);
  const rows = points.map(({ name, slice, ...point }, i): FilePoint => {
    return { ...point, pointId: catalog.get(name)!.id, slice: withLocator(slice, written.points[i]!.locator) };
  });
  // The file's later key, because a reader refuses a file under another key.
  const asInPlace: RangeBucket = { get: (_, range) => bucket.get(stagedFileKey(build), range) };
  const { etag, footerBytes } = written;
  const expected = (i: number) => ({ name: points[i]!.name, row: rows[i]! });
  await verifyDayFile(asInPlace, { key, etag, footerBytes }, expected, rows.length);
  const { packed, size: rowsBytes } = packFileRows(fileRows(build.day, rows));
  await bucket.put(stagedRowsKey(build), packed);
  const inPlace = base.file?.sha256 === written.sha256 ? base.file : null;
  return {
    ...staged,
    generation: inPlace === null ? base.nextGeneration : base.generation,
    found: isOfSegments(base) ? merged.found : null,
    rowsBytes,
    formula: merged.formula,
    file: {
      etag: inPlace?.etag ?? null,
      sha256: written.sha256,
      bytes: written.bytes,
      rows: written.rows,
      points: written.points.length,
    },
  };
}

async function openSpills(
  bucket: RangeBucket,
  build: DayBuild,
  hours: readonly number[],
  keyOf: (hour: number) => string,
): Promise<SpillReader[]> {
  const spills: SpillReader[] = [];
  // a Worker has six connections
  for (let first = 0; first < hours.length; first += 6) {
    const some = hours.slice(first, first + 6).map((hour) => SpillReader.open(bucket, keyOf(hour)));
    spills.push(...(await Promise.all(some)));
  }
  spills.forEach(({ index }, i) => {
    if (index.hour !== dayStart(build.day) + hours[i]! * HOUR_MS)
      throw new DayBuildError(`spill ${hours[i]} is of another hour`);
  });
  return spills;
}

/** Whether a day has no file, or a file of segments only. */
function isOfSegments({ file, etag, manifestEtag }: DayBase): boolean {
  return file === null || (etag === manifestEtag && file.source === "d1");
}

interface MergedDay {
  readonly written: WrittenDayFile;
  readonly points: MergedPoint[];
  /** The counts of {@link StagedDay.found}, correct if every build was recorded. */
  readonly found: number;
  readonly formula: number | undefined;
}

/** null: no sample, so no file */
async function writeMerged(
  { db, bucket }: MergeContext,
  build: DayBuild,
  source: DayFileSource,
  layers: SpillLayers,
  base: DayBase,
  without: string | undefined,
): Promise<MergedDay | null> {
  const order = pointOrder(await loadCatalog(db, build.site.id));
  for (const { index } of Object.values(layers).flat()) expectNames(index, order);
  const judge = await DayJudge.open(db, build.site.id, build.day, source);
  const sink = new MultipartSink(bucket, stagedFileKey(build));
  const writer = new DayFileWriter(sink, { site: build.site.name, day: build.day, source });
  const points: MergedPoint[] = [];
  let found = 0;
  const old = base.file === null ? null : scanDayFile(bucket, { key: base.key, etag: base.file.etag });
  try {
    for await (const { name, series, found: added } of mergePoints(order, layers, old)) {
      if (name === without) continue;
      found += added;
      await writer.writePoint(name, series);
      const { times } = series;
      const slice = encodeSlice({ hours: hourAggregates(series, build.day), locator: null });
      const quality = judge === null ? null : qualityValues(judge.judge(name, series));
      points.push({ name, rows: times.length, slice, first: times[0]!, last: times.at(-1)!, quality });
    }
    const formula = judge === null ? undefined : FORMULA_VERSION;
    return points.length === 0 ? null : { written: await writer.finish(), points, found, formula };
  } catch (error) {
    // Otherwise R2 keeps the uploaded parts for a week.
    await writer.abort();
    throw error;
  }
}

/** @throws {DayBuildError} if the points of a spill have other names than when it was written */
function expectNames({ hour, names, blocks }: SpillIndex, order: PointOrder): void {
  const ids = blocks.flatMap(({ pointIds }) => [...pointIds]);
  if (namesChecksum(order, ids) === names) return;
  const at = new Date(hour).toISOString();
  throw new DayBuildError(
    `the points of hour ${at} have other names than when the spill was written: D1 was restored to an earlier state`,
  );
}

/** A day counts as empty only if the upstream proved it and no rejected record might be a sample. */
function refuseDoubtfulEmptiness(spills: readonly SpillReader[], source: DayFileSource, base: DayBase): void {
  if (source !== "api" || spills.length !== HOURS_PER_DAY)
    throw new DayBuildError("no samples were served, without a proof that the day is empty");
  if (base.etag !== null)
    throw new DayBuildError("the upstream has no samples of the day, but there is a suspect file");
  const rejected: RejectionCounts = {};
  for (const { index } of spills) addRejections(rejected, index.rejected);
  const storable = STORABLE.filter((reason) => (rejected[reason] ?? 0) > 0);
  if (storable.length > 0) {
    const counts = storable.map((reason) => `${rejected[reason]} ${reason}`).join(", ");
    throw new DayBuildError(`none of the records that the upstream served could be stored: ${counts}`);
  }
}
