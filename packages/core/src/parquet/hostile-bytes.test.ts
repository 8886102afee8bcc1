import { crc32 } from "node:zlib";
import { expect, test } from "vitest";
import { chunkBytes } from "../../test/chunk-bytes.ts";
import { decodeNames, decodeTimes, decodeValues } from "./column-chunk-reader.ts";
import { dataPage } from "./column-chunk-writer.ts";
import { unpackDifferences } from "./delta-binary-packed.ts";
import { packedIndexes, readIndexes } from "./rle.ts";
import { decodeGroup } from "./row-group-reader.ts";
import {
  copyPoint,
  encodeSpill,
  openBlock,
  parseIndex,
  parseTrailer,
  TRAILER_BYTES,
} from "../day-build/spill-format.ts";
import { checkThrift } from "./thrift-bounds.ts";
import { zstdFrame } from "../bytes/zstd-frame.ts";

// Inputs that claim more than they hold. Fuzzing or reading found them.

const HUGE = [0xff, 0xff, 0xff, 0xff, 0x0f];

test.each<[string, number[]]>([
  ["a list of millions", [0x19, 0xfc, 0x80, 0x80, 0x80, 0x0e, 0]],
  ["a text of gigabytes", [0x18, ...HUGE, 0]],
  ["a number without an end", [0x16, ...Array.from({ length: 100_000 }, () => 0x80)]],
  ["a number of more than 32 bits, which some readers truncate", [0x15, 0xff, 0xff, 0xff, 0xff, 0x7f, 0]],
  ["structures without an end", Array.from({ length: 100_000 }, () => 0x1c)],
  ["no end", [0x15, 0x02]],
])("Thrift: %s", (_, bytes) => {
  expect(() => checkThrift(Uint8Array.from(bytes), 0)).toThrow("Thrift");
});

test.each<[string, number[], number]>([
  ["a run that counts to 2^31", [1, ...HUGE.slice(0, 4), 0x0e, 0], 4],
  ["a bit-packed run whose length is negative in 32 bits", [0, ...HUGE], 4],
  ["runs of nothing", [0, 0, 0, 0, 0], 4],
  ["fewer than promised", [8, 3, 0, 0, 0], 4],
  ["one beyond the dictionary", [8, 8, 2], 4],
  ["bytes behind", [8, 8, 1, 0], 4],
])("indexes: %s", (_, bytes, count) => {
  expect(() => readIndexes(Uint8Array.from(bytes), count, 2)).toThrow(/run of|indexes|an index/);
});

test("indexes of any width come back", () => {
  for (const distinct of [1, 2, 200, 256, 300, 65_536]) {
    const indexes = Uint32Array.from({ length: 1_003 }, (_, i) => (i * 7_919) % distinct);
    indexes[5] = distinct - 1;
    expect(readIndexes(packedIndexes(indexes), indexes.length, distinct)).toEqual(indexes);
  }
});

test.each<[string, number[]]>([
  ["blocks of another size", [0x80, 0x02, 4, 3, 2]],
  ["another number of rows", [0x80, 0x01, 4, 2, 2]],
  ["2^31 miniblocks", [0x80, 0x01, ...HUGE.slice(0, 4), 0x07, 3, 2]],
  ["differences of 200 bits", [0x80, 0x01, 4, 3, 2, 0, 200, 0, 0, 0]],
  ["fewer bytes than they need", [0x80, 0x01, 4, 3, 2, 0, 8, 0, 0, 0, 1, 1]],
])("differences: %s", (_, bytes) => {
  expect(() => unpackDifferences(Uint8Array.from(bytes), 3, 3)).toThrow(/differences|number/);
});

const valuesOf = (rows: number) => dataPage("PLAIN", rows, new Uint8Array(rows * 8));

test("a page of more bytes than its rows need is not decompressed", () => {
  const bomb = { ...dataPage("PLAIN", 2, new Uint8Array(50_000_000)), size: 50_000_000 };
  const run = { name: "a", firstRow: 0, rows: 2 };
  expect(() => decodeValues(chunkBytes({ dictionary: null, data: [bomb] }), [run], new Set([run]))).toThrow("limit 16");
  expect(() => decodeTimes(chunkBytes({ dictionary: null, data: [bomb] }), 2, 2)).toThrow("limit 16");
});

test("a row group of 2^31 rows is refused before anything is allocated", () => {
  const bytes = chunkBytes({ dictionary: null, data: [valuesOf(2)] });
  const group = {
    offset: 4,
    timeBytes: 1,
    nameBytes: 1,
    valueBytes: bytes.length - 2,
    rows: 2 ** 31,
    crc32: crc32(bytes),
  };
  expect(() => decodeGroup(bytes, { group, points: null }, { key: "k", day: 1 })).toThrow("rows, at most");
});

test("a data page with the header of a dictionary is refused", () => {
  const names = chunkBytes({ dictionary: { values: 1, bytes: Uint8Array.of(1, 0, 0, 0, 97) }, data: [] });
  // DICTIONARY_PAGE to DATA_PAGE_V2
  names[1] = 6;
  expect(() => decodeNames(names, 1)).toThrow("page: type DATA_PAGE_V2");
});

const HOUR = 489_000 * 3_600_000;
const sorted = {
  pointIds: Int32Array.of(1),
  names: 0,
  rows: Int32Array.of(2),
  times: Float64Array.of(HOUR, HOUR + 5),
  values: Float64Array.of(1, 2),
};

test("a spill's block is read from its own bytes, wherever zlib put them", () => {
  const spill = encodeSpill(HOUR, sorted, { records: 2, rejected: {} });
  const trailer = parseTrailer(spill.subarray(-TRAILER_BYTES));
  const end = spill.length - TRAILER_BYTES;
  const [block] = parseIndex(spill.subarray(end - trailer.bytes, end), trailer).blocks;
  const bytes = spill.subarray(0, block!.bytes);
  for (let i = 0; i < 50; i++) expect([...openBlock(block!, bytes).values]).toEqual([1, 2]);
});

test.each([
  ["a value that is not finite", [Number.NaN, 2], [0, 5]],
  ["a time that stands twice", [1, 2], [5, 0]],
  ["a time beyond the hour", [1, 2], [0, 3_600_000]],
])("a spill's block with %s is refused", (_, values, steps) => {
  const raw = new Uint8Array(24);
  raw.set(new Uint8Array(Float64Array.from(values).buffer));
  raw.set(new Uint8Array(Uint32Array.from(steps).buffer), 16);
  const bytes = zstdFrame(raw);
  const block = {
    offset: 0,
    bytes: bytes.length,
    crc32: crc32(bytes),
    pointIds: Int32Array.of(1),
    rows: Int32Array.of(2),
  };
  const into = { times: new Float64Array(2), values: new Float64Array(2) };
  expect(() => copyPoint(HOUR, openBlock(block, bytes), 0, 2, into, 0)).toThrow(
    /finite|two samples at one time|outside of the hour/,
  );
});
