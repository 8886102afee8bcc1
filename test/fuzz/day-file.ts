import { crc32 } from "node:zlib";
import { buildingPoint, TEST_DAY, TEST_MONTH, TEST_SITE } from "@building-vitals/core/test/arbitrary-day";
import { DayFileCorrupt } from "@building-vitals/core/r2/file-error";
import { readPoints, readPointsByFooter, scanDayFile } from "@building-vitals/core/parquet/file-reader";
import type { FileAbout } from "@building-vitals/core/parquet/file-schema";
import { DayFileWriter } from "@building-vitals/core/parquet/file-writer";
import { readFooter } from "@building-vitals/core/parquet/footer";
import type { Locator } from "@building-vitals/core/parquet/locator";
import { MemoryBucket } from "@building-vitals/core/test/memory-bucket";
import { MultipartSink } from "@building-vitals/core/r2/multipart-sink";
import { type Period, periodFileKey } from "@building-vitals/core/r2/period";
import { decodeGroup } from "@building-vitals/core/parquet/row-group-reader";
import type { NamedSeries } from "@building-vitals/core/parquet/row-group-writer";
import { DAY_MS } from "@building-vitals/core/domain/day";
import { compareUtf8 } from "@building-vitals/core/domain/utf8-order";
import { z } from "zod";
import { oracleRows } from "./day-file-oracle.ts";
import { open, seal } from "./envelope.ts";
import { mutateBytes } from "./mutate-bytes.ts";
import { mutateChunkContent } from "./mutate-chunk.ts";
import { Random } from "./random.ts";
import { expectSame, type FuzzTarget, type Outcome } from "./target.ts";

type Row = readonly [name: string, time: number, value: number];

interface WrittenFile {
  readonly key: string;
  readonly of: Period;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly footerBytes: number;
  readonly points: readonly { readonly name: string; readonly locator: Locator }[];
  /** the chunks of times, names and values of the first row group, and its number of rows */
  readonly chunks: readonly [Uint8Array, Uint8Array, Uint8Array, number];
  /** by name, then time */
  readonly rows: readonly Row[];
}

const ETAG = "e";

/** A point's month: its samples of a day, moved to several days. Times that points share are jittered. */
function monthPoint(random: Random, id: number, isEven: boolean): NamedSeries {
  const { name, series } = buildingPoint(id, 1 + random.below(40));
  const days = [-11, -1, 0, 19].filter((day) => day === 0 || random.chance(0.5));
  const jitter = (i: number) => (isEven ? 0 : (i * 7_919) % 199);
  const moved = days.map((day) => series.times.map((time, i) => time + day * DAY_MS + jitter(i)));
  const values = days.flatMap(() => [...series.values]);
  return {
    name,
    series: { times: Float64Array.from(moved.flatMap((times) => [...times])), values: Float64Array.from(values) },
  };
}

async function writtenFile(seed: number): Promise<WrittenFile> {
  const random = new Random(seed);
  const ids = Array.from({ length: 1 + random.below(15) }, (_, i) => i * 11 + random.below(11));
  const isMonth = seed % 2 === 1;
  const isEven = random.chance(0.3);
  const points = ids.map((id) => (isMonth ? monthPoint(random, id, isEven) : buildingPoint(id, 1 + random.below(40))));
  points.sort((a, b) => compareUtf8(a.name, b.name));
  const bucket = new MemoryBucket();
  const about: FileAbout = isMonth
    ? { month: TEST_MONTH, days: Array.from({ length: 31 }, (_, i) => (i % 3 === 0 ? null : `etag-${i}`)) }
    : { day: TEST_DAY, source: "api" };
  const key = periodFileKey(TEST_SITE, about);
  const writer = new DayFileWriter(new MultipartSink(bucket, key), { site: TEST_SITE, ...about });
  for (const { name, series } of points) await writer.writePoint(name, series);
  const written = await writer.finish();
  const rows = points.flatMap(({ name, series: { times, values } }) =>
    Array.from(times, (time, i): Row => [name, time, values[i]!]),
  );
  const { bytes } = bucket.stored(key);
  const { footerBytes, points: located } = written;
  return { key, of: about, bytes, footerBytes, points: located, chunks: chunksOf(bytes, located), rows };
}

/** Day files and month files in turn. */
const FILES = await Promise.all(Array.from({ length: 96 }, (_, seed) => writtenFile(seed)));

function chunksOf(bytes: Uint8Array, points: WrittenFile["points"]): WrittenFile["chunks"] {
  const { offset } = points[0]!.locator.group;
  const { group } = points.findLast(({ locator }) => locator.group.offset === offset)!.locator;
  const [names, values] = [group.offset + group.timeBytes, group.offset + group.timeBytes + group.nameBytes];
  return [
    bytes.subarray(group.offset, names),
    bytes.subarray(names, values),
    bytes.subarray(values, values + group.valueBytes),
    group.rows,
  ];
}

/** A changed footer with a matching CRC-32. */
function reseal(random: Random, file: WrittenFile, other: WrittenFile): Uint8Array {
  const at = file.bytes.length - file.footerBytes;
  const metadata = (of: WrittenFile) => of.bytes.subarray(of.bytes.length - of.footerBytes + 8, -8);
  const mutated = mutateBytes(random, metadata(file), metadata(other));
  const tail = Buffer.alloc(8, "    PAR1", "latin1");
  tail.writeUInt32LE(mutated.length, 0);
  const footer = Buffer.concat([mutated, tail]);
  const seal8 = Buffer.from("BVC1\0\0\0\0", "latin1");
  seal8.writeUInt32LE(crc32(footer), 4);
  return Buffer.concat([file.bytes.subarray(0, at), seal8, footer]);
}

const headSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.enum(["file", "footer"]), file: z.int() }),
  z.object({ kind: z.literal("group"), isMonth: z.boolean(), times: z.int(), names: z.int(), rows: z.number() }),
]);

/** A row group with one changed chunk: its bytes, or the content of a page before compression. */
function mutatedGroup(random: Random, file: WrittenFile, other: WrittenFile): Uint8Array {
  const [times, names, values, rows] = file.chunks;
  const theirs = other.chunks;
  const chunks = [times, names, values];
  const which = random.below(3);
  const [own, donor] = [chunks[which]!, [theirs[0], theirs[1], theirs[2]][which]!];
  chunks[which] = random.chance(0.4) ? mutateBytes(random, own, donor) : mutateChunkContent(random, own, donor);
  const claimed = random.chance(0.95) ? rows : random.pick([0, rows + 1, 2 ** 31, 2 ** 32 - 1, 2 ** 52]);
  const isMonth = file.of.month !== undefined;
  const head = { kind: "group", isMonth, times: chunks[0]!.length, names: chunks[1]!.length, rows: claimed };
  return seal(head, Buffer.concat(chunks));
}

/**
 * Day files and month files: mutated as they are, with a changed footer and its CRC-32, and row groups with a matching
 * CRC-32.
 */
export const dayFile: FuzzTarget = {
  generate: (random) => {
    const of = random.below(FILES.length);
    const [file, other] = [FILES[of]!, FILES[random.below(FILES.length)]!];
    const kind = random.pick(["file", "footer", "group", "group", "group"]);
    if (kind === "group") return mutatedGroup(random, file, other);
    if (kind === "footer") return seal({ kind, file: of }, reseal(random, file, other));
    return seal({ kind, file: of }, mutateBytes(random, file.bytes, other.bytes));
  },
  check: async (input) => {
    const { head, bytes } = open(input);
    const about = headSchema.parse(head);
    if (about.kind === "group") return checkGroup(bytes, about);
    const file = FILES[about.file]!;
    const outcomes = [await checkScan(bytes, file), await checkByFooter(bytes, file)];
    if (about.kind === "file") outcomes.push(await checkLocators(bytes, file));
    return outcomes.includes("accepted") ? "accepted" : "refused";
  },
};

async function refusedOr(read: () => Promise<void> | void): Promise<Outcome> {
  try {
    await read();
    return "accepted";
  } catch (error) {
    if (error instanceof DayFileCorrupt) return "refused";
    throw error;
  }
}

function bucketOf(bytes: Uint8Array<ArrayBuffer>, key: string): MemoryBucket {
  const bucket = new MemoryBucket();
  bucket.objects.set(key, { bytes, etag: ETAG });
  return bucket;
}

type NamedRows = Iterable<readonly [string, { readonly times: Float64Array; readonly values: Float64Array }]>;

function rowsOf(points: NamedRows): Row[] {
  return Array.from(points, ([name, { times, values }]) =>
    Array.from(times, (time, i): Row => [name, time, values[i]!]),
  ).flat();
}

function checkLocators(bytes: Uint8Array<ArrayBuffer>, file: WrittenFile): Promise<Outcome> {
  const { key, of, points } = file;
  return refusedOr(async () => {
    const found = await readPoints(bucketOf(bytes, key), { key, etag: ETAG, ...of }, points);
    expectSame(rowsOf(found), file.rows, "by locators");
  });
}

function checkScan(bytes: Uint8Array<ArrayBuffer>, file: WrittenFile): Promise<Outcome> {
  return refusedOr(async () => {
    const rows: Row[] = [];
    for await (const { name, series } of scanDayFile(bucketOf(bytes, file.key), { key: file.key, etag: null })) {
      rows.push(...rowsOf([[name, series]]));
    }
    expectSame(rows, file.rows, "a scan");
  });
}

/** A forged footer may hide a row group from a lookup by name, but cannot change samples. */
function checkByFooter(bytes: Uint8Array<ArrayBuffer>, file: WrittenFile): Promise<Outcome> {
  const { key, points } = file;
  const names = points.map(({ name }) => name);
  return refusedOr(async () => {
    const bucket = bucketOf(bytes, key);
    const footer = await readFooter(bucket, { key, etag: null });
    const found = await readPointsByFooter(bucket, key, footer, names);
    const expected = file.rows.filter(([name]) => found.has(name));
    expectSame(rowsOf(found), expected, "by the footer");
  });
}

interface GroupHead {
  readonly isMonth: boolean;
  /** bytes */
  readonly times: number;
  readonly names: number;
  readonly rows: number;
}

function checkGroup(bytes: Uint8Array, { isMonth, times, names, rows }: GroupHead) {
  const group = {
    offset: 0,
    timeBytes: times,
    nameBytes: names,
    valueBytes: bytes.length - times - names,
    rows,
    crc32: crc32(bytes),
  };
  return refusedOr(() => {
    const points = decodeGroup(
      bytes,
      { group, points: null },
      { key: "k", ...(isMonth ? { month: TEST_MONTH } : { day: TEST_DAY }) },
    );
    const read = rowsOf(points.map(({ name, series }) => [name, series] as const));
    const [name, value] = [times, times + names];
    expectSame(
      read,
      oracleRows(bytes.subarray(0, name), bytes.subarray(name, value), bytes.subarray(value)),
      "a group",
    );
  });
}
