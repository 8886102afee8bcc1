import { crc32 } from "node:zlib";
import { buildingPoint, TEST_DAY } from "@building-vitals/core/cold/arbitrary-day";
import { DayFileCorrupt } from "@building-vitals/core/cold/day-file-error";
import { readPoints, readPointsByFooter, scanDayFile } from "@building-vitals/core/cold/day-file-reader";
import { readFooter } from "@building-vitals/core/cold/footer";
import type { Locator } from "@building-vitals/core/block-days/locator";
import { MemoryBucket } from "@building-vitals/core/cold/memory-bucket";
import { decodeGroup } from "@building-vitals/core/cold/row-group-reader";
import { compareUtf8 } from "@building-vitals/core/domain/utf8-order";
import { TEST_KEY, writeDay } from "@building-vitals/core/cold/written-day";
import { z } from "zod";
import { oracleRows } from "./day-file-oracle.ts";
import { open, seal } from "./envelope.ts";
import { mutateBytes } from "./mutate-bytes.ts";
import { mutateChunkContent } from "./mutate-chunk.ts";
import { Random } from "./random.ts";
import { expectSame, type FuzzTarget, type Outcome } from "./target.ts";

type Row = readonly [name: string, time: number, value: number];

interface WrittenDay {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly footerBytes: number;
  readonly points: readonly { readonly name: string; readonly locator: Locator }[];
  /** of times, names and values of the first row group, and its rows */
  readonly chunks: readonly [Uint8Array, Uint8Array, Uint8Array, number];
  /** by name, then time */
  readonly rows: readonly Row[];
}

const ETAG = "e";

async function writtenDay(seed: number): Promise<WrittenDay> {
  const random = new Random(seed);
  const ids = Array.from({ length: 1 + random.below(15) }, (_, i) => i * 11 + random.below(11));
  const points = ids.map((id) => buildingPoint(id, 1 + random.below(40)));
  points.sort((a, b) => compareUtf8(a.name, b.name));
  const bucket = new MemoryBucket();
  const { written } = await writeDay(bucket, points);
  const rows = points.flatMap(({ name, series: { times, values } }) =>
    Array.from(times, (time, i): Row => [name, time, values[i]!]),
  );
  const { bytes } = bucket.stored(TEST_KEY);
  const { footerBytes, points: located } = written;
  return { bytes, footerBytes, points: located, chunks: chunksOf(bytes, located), rows };
}

const DAYS = await Promise.all(Array.from({ length: 48 }, (_, seed) => writtenDay(seed)));

function chunksOf(bytes: Uint8Array, points: WrittenDay["points"]): WrittenDay["chunks"] {
  const { group } = points[Math.min(points.length, 12) - 1]!.locator;
  const [names, values] = [group.offset + group.timeBytes, group.offset + group.timeBytes + group.nameBytes];
  return [
    bytes.subarray(group.offset, names),
    bytes.subarray(names, values),
    bytes.subarray(values, values + group.valueBytes),
    group.rows,
  ];
}

/** A footer that was changed, with the CRC-32 that makes it whole again. */
function reseal(random: Random, day: WrittenDay, other: WrittenDay): Uint8Array {
  const at = day.bytes.length - day.footerBytes;
  const metadata = (of: WrittenDay) => of.bytes.subarray(of.bytes.length - of.footerBytes + 8, -8);
  const mutated = mutateBytes(random, metadata(day), metadata(other));
  const tail = Buffer.alloc(8, "    PAR1", "latin1");
  tail.writeUInt32LE(mutated.length, 0);
  const footer = Buffer.concat([mutated, tail]);
  const seal8 = Buffer.from("BVC1\0\0\0\0", "latin1");
  seal8.writeUInt32LE(crc32(footer), 4);
  return Buffer.concat([day.bytes.subarray(0, at), seal8, footer]);
}

const headSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.enum(["file", "footer"]), day: z.int() }),
  z.object({ kind: z.literal("group"), times: z.int(), names: z.int(), rows: z.number() }),
]);

/** A row group of which a chunk was changed: its bytes, or what a page holds before it is compressed. */
function mutatedGroup(random: Random, day: WrittenDay, other: WrittenDay): Uint8Array {
  const [times, names, values, rows] = day.chunks;
  const theirs = other.chunks;
  const chunks = [times, names, values];
  const which = random.below(3);
  const [own, donor] = [chunks[which]!, [theirs[0], theirs[1], theirs[2]][which]!];
  chunks[which] = random.chance(0.4) ? mutateBytes(random, own, donor) : mutateChunkContent(random, own, donor);
  const claimed = random.chance(0.95) ? rows : random.pick([0, rows + 1, 2 ** 31, 2 ** 32 - 1, 2 ** 52]);
  const head = { kind: "group", times: chunks[0]!.length, names: chunks[1]!.length, rows: claimed };
  return seal(head, Buffer.concat(chunks));
}

/** Day files: changed as they are, with a footer that is sealed again, and row groups whose CRC-32 is right again. */
export const dayFile: FuzzTarget = {
  generate: (random) => {
    const of = random.below(DAYS.length);
    const [day, other] = [DAYS[of]!, DAYS[random.below(DAYS.length)]!];
    const kind = random.pick(["file", "footer", "group", "group", "group"]);
    if (kind === "group") return mutatedGroup(random, day, other);
    if (kind === "footer") return seal({ kind, day: of }, reseal(random, day, other));
    return seal({ kind, day: of }, mutateBytes(random, day.bytes, other.bytes));
  },
  check: async (input) => {
    const { head, bytes } = open(input);
    const about = headSchema.parse(head);
    if (about.kind === "group") return checkGroup(bytes, about);
    const day = DAYS[about.day]!;
    const outcomes = [await checkScan(bytes, day), await checkByFooter(bytes, day)];
    if (about.kind === "file") outcomes.push(await checkLocators(bytes, day));
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

function bucketOf(bytes: Uint8Array<ArrayBuffer>): MemoryBucket {
  const bucket = new MemoryBucket();
  bucket.objects.set(TEST_KEY, { bytes, etag: ETAG });
  return bucket;
}

type NamedRows = Iterable<readonly [string, { readonly times: Float64Array; readonly values: Float64Array }]>;

function rowsOf(points: NamedRows): Row[] {
  return Array.from(points, ([name, { times, values }]) =>
    Array.from(times, (time, i): Row => [name, time, values[i]!]),
  ).flat();
}

function checkLocators(bytes: Uint8Array<ArrayBuffer>, day: WrittenDay): Promise<Outcome> {
  const file = { key: TEST_KEY, etag: ETAG, day: TEST_DAY };
  return refusedOr(async () => {
    expectSame(rowsOf(await readPoints(bucketOf(bytes), file, day.points)), day.rows, "by locators");
  });
}

function checkScan(bytes: Uint8Array<ArrayBuffer>, day: WrittenDay): Promise<Outcome> {
  return refusedOr(async () => {
    const rows: Row[] = [];
    for await (const { name, series } of scanDayFile(bucketOf(bytes), { key: TEST_KEY, etag: null })) {
      rows.push(...rowsOf([[name, series]]));
    }
    expectSame(rows, day.rows, "a scan");
  });
}

/** A footer that is forged and sealed may hide a row group from a look-up by name, but cannot change what is there. */
function checkByFooter(bytes: Uint8Array<ArrayBuffer>, day: WrittenDay): Promise<Outcome> {
  const names = day.points.map(({ name }) => name);
  return refusedOr(async () => {
    const bucket = bucketOf(bytes);
    const footer = await readFooter(bucket, { key: TEST_KEY, etag: null });
    const found = await readPointsByFooter(bucket, TEST_KEY, footer, names);
    const expected = day.rows.filter(([name]) => found.has(name));
    expectSame(rowsOf(found), expected, "by the footer");
  });
}

function checkGroup(bytes: Uint8Array, { times, names, rows }: { times: number; names: number; rows: number }) {
  const group = {
    offset: 0,
    timeBytes: times,
    nameBytes: names,
    valueBytes: bytes.length - times - names,
    rows,
    crc32: crc32(bytes),
  };
  return refusedOr(() => {
    const points = decodeGroup(bytes, { group, points: null }, { key: TEST_KEY, day: TEST_DAY });
    const read = rowsOf(points.map(({ name, series }) => [name, series] as const));
    const [name, value] = [times, times + names];
    expectSame(
      read,
      oracleRows(bytes.subarray(0, name), bytes.subarray(name, value), bytes.subarray(value)),
      "a group",
    );
  });
}
