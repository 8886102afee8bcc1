import { createHash } from "node:crypto";
import type { RowGroup } from "hyparquet";
import { z } from "zod";
import { type Locator, locatorOf } from "../parquet/locator.ts";
import { DayFileCorrupt } from "../r2/file-error.ts";
import { FOOTER_SEAL_BYTES, PARQUET_MAGIC } from "../parquet/file-schema.ts";
import { encodeFooter, type FooterGroup } from "../parquet/encode-footer.ts";
import { parseFooter } from "../parquet/footer.ts";
import { freeBytes } from "../bytes/free-bytes.ts";
import { monthFileKey } from "../r2/month-file-key.ts";
import { type ByteSink, MultipartSink, type UploadBucket } from "../r2/multipart-sink.ts";
import { fetchRange, type RangeBucket } from "../r2/range-get.ts";
import { parseMetadata, readSealedFooter } from "../parquet/sealed-footer.ts";
import {
  checkSources,
  type MonthBuild,
  MonthBuildError,
  type MonthSource,
  sourceEtags,
  type StagedPart,
} from "./month-build.ts";
import { stagedPartKey, stagedPointsKey } from "./month-staging.ts";
import { readFooters } from "./read-sources.ts";

/** Bytes of a part held at once. */
const COPY_BYTES = 4 * 1024 * 1024;

/** `PAR1`, the first bytes of each part and of the month file. */
const HEAD_BYTES = 4;

const MAGIC = new Uint8Array(Uint32Array.of(PARQUET_MAGIC).buffer);

/** Each point's name and the numbers of its locator. */
const pointsSchema = z.array(z.tuple([z.string(), z.int()], z.int()));

/** A stored month file. */
export interface PutMonthFile {
  readonly etag: string;
  readonly bytes: number;
  readonly rows: number;
}

/**
 * Puts the month file: the row groups of the staged parts and one footer. It replaces the previous file as a whole.
 * Safe to repeat.
 * @param parts all of them, in order
 * @throws {MonthBuildError} if the parts are not all samples of the day files, each once; {DayFileMissing},
 * {DayFileChanged} and {DayFileCorrupt} if a part or a day file changed; R2's errors. Nothing is replaced then.
 */
export async function putMonthFile(
  bucket: RangeBucket & UploadBucket,
  build: MonthBuild,
  sources: readonly MonthSource[],
  parts: readonly StagedPart[],
): Promise<PutMonthFile> {
  checkSources(build, sources);
  const rows = await expectAllRows(bucket, sources, parts);
  const filled = parts.filter(({ points }) => points > 0);
  if (filled.length === 0) throw new MonthBuildError("each point has more samples than a month file accepts");
  const key = monthFileKey(build.site.name, build.month);
  const groups: FooterGroup[] = [];
  for (const part of filled) groups.push(...(await readGroups(bucket, build, part, partOffset(parts, part.number))));
  const about = { month: build.month, days: sourceEtags(build, sources) };
  const footer = encodeFooter(build.site.name, about, groups);
  const end = partOffset(parts, parts.length) + HEAD_BYTES;
  // The checks of every reader: names, places and counts in order.
  parseFooter(key, "", parseMetadata(footer.subarray(FOOTER_SEAL_BYTES)), end);
  const sink = new MultipartSink(bucket, key);
  try {
    await sink.write(MAGIC);
    for (const part of filled) await copyGroups(bucket, build, part, sink);
    await sink.write(footer);
  } catch (error) {
    await sink.abort();
    throw error;
  }
  const { etag, bytes } = await sink.finish();
  return { etag, bytes, rows };
}

/**
 * The locators of a staged part's points in the month file.
 * @param parts all parts of the file
 * @returns ascending by name
 */
export async function stagedLocators(
  bucket: { get(key: string): Promise<{ text(): Promise<string> } | null> },
  build: MonthBuild,
  parts: readonly StagedPart[],
  number: number,
): Promise<{ name: string; locator: Locator }[]> {
  if (parts[number]?.points === 0) return [];
  const object = await bucket.get(stagedPointsKey(build, number));
  if (object === null) throw new MonthBuildError(`the locators of part ${number} are missing in staging`);
  const by = partOffset(parts, number);
  return pointsSchema.parse(JSON.parse(await object.text())).map(([name, offset, ...numbers]) => {
    return { name, locator: locatorOf([offset + by, ...numbers]) };
  });
}

/** What to add to a byte position in a part for its position in the month file. */
function partOffset(parts: readonly StagedPart[], number: number): number {
  return parts.slice(0, number).reduce((sum, part) => sum + groupBytes(part), 0);
}

function groupBytes({ points, bytes, footerBytes }: StagedPart): number {
  return points === 0 ? 0 : bytes - footerBytes - HEAD_BYTES;
}

/** @returns rows of the month */
async function expectAllRows(
  bucket: RangeBucket,
  sources: readonly MonthSource[],
  parts: readonly StagedPart[],
): Promise<number> {
  if (parts.some(({ number }, i) => number !== i)) throw new MonthBuildError("parts are missing or out of order");
  const expected = (await readFooters(bucket, sources)).reduce((sum, footer) => sum + footer.rows, 0);
  const found = parts.reduce((sum, part) => sum + part.rows + part.rowsLeftOut, 0);
  if (found !== expected) throw new MonthBuildError(`the parts have ${found} rows, the day files ${expected}`);
  return parts.reduce((sum, part) => sum + part.rows, 0);
}

/** A part's entries of the footer, moved to their places in the month file. */
async function readGroups(
  bucket: RangeBucket,
  build: MonthBuild,
  part: StagedPart,
  by: number,
): Promise<FooterGroup[]> {
  const { etag, bytes, footerBytes } = part;
  const file = { key: stagedPartKey(build, part.number), etag, bytes, footerBytes };
  const { metadata, offset } = await readSealedFooter(bucket, file, { requests: 0, bytes: 0 });
  const { groups } = parseFooter(monthFileKey(build.site.name, build.month), etag, metadata, offset);
  return metadata.row_groups.map((rowGroup, i) => {
    return { rowGroup: shifted(rowGroup, BigInt(by)), crc32: groups[i]!.group.crc32 };
  });
}

function shifted(group: RowGroup, by: bigint): RowGroup {
  const columns = group.columns.map(({ meta_data: chunk, ...column }) => {
    const { data_page_offset, dictionary_page_offset } = chunk!;
    const places = {
      data_page_offset: data_page_offset + by,
      ...(dictionary_page_offset === undefined ? {} : { dictionary_page_offset: dictionary_page_offset + by }),
    };
    return { ...column, file_offset: column.file_offset + by, meta_data: { ...chunk!, ...places } };
  });
  return { ...group, columns };
}

/** Copies a part's row groups into the month file, without head and footer. */
async function copyGroups(bucket: RangeBucket, build: MonthBuild, part: StagedPart, sink: ByteSink): Promise<void> {
  const key = stagedPartKey(build, part.number);
  const end = part.bytes - part.footerBytes;
  const hash = createHash("sha256");
  for (let offset = 0; offset < part.bytes; offset += COPY_BYTES) {
    const wanted = { offset, length: Math.min(COPY_BYTES, part.bytes - offset), fileBytes: part.bytes };
    const { bytes } = await fetchRange(bucket, key, part.etag, wanted, { requests: 0, bytes: 0 });
    hash.update(bytes);
    const from = Math.max(HEAD_BYTES - offset, 0);
    await sink.write(bytes.subarray(from, Math.max(from, end - offset)));
    freeBytes(bytes);
  }
  if (hash.digest("hex") !== part.sha256)
    throw new DayFileCorrupt(key, 0, "the part's SHA-256 differs from the one staged");
}
