import { crc32, zstdDecompressSync } from "node:zlib";
import { DayFileCorrupt } from "@building-vitals/core/r2/file-error";
import { MemoryBucket } from "@building-vitals/core/test/memory-bucket";
import type { SortedHour } from "@building-vitals/core/day-build/sorted-hour";
import { encodeSpill } from "@building-vitals/core/day-build/spill-format";
import { SpillReader } from "@building-vitals/core/day-build/spill-reader";
import { zstdFrame } from "@building-vitals/core/bytes/zstd-frame";
import { z } from "zod";
import { open, seal } from "./envelope.ts";
import { mutateBytes } from "./mutate-bytes.ts";
import { mutateJson } from "./mutate-json.ts";
import { Random } from "./random.ts";
import { expectSame, Mismatch, type Outcome } from "./target.ts";

const HOUR_MS = 3_600_000;
const START = 489_000 * HOUR_MS;
const KEY = "staging/spill";
const TRAILER_BYTES = 16;

type Rows = readonly (readonly [point: number, time: number, value: number])[];

function validSpill(seed: number): Uint8Array<ArrayBuffer> {
  const random = new Random(seed);
  const pointIds = Int32Array.from({ length: 1 + random.below(5) }, (_, i) => i * 3 + random.below(3));
  const rows = pointIds.map(() => 1 + random.below(6));
  const total = rows.reduce((sum, own) => sum + own, 0);
  const times = new Float64Array(total);
  let row = 0;
  for (const own of rows) for (let n = 0; n < own; n++) times[row++] = START + n * 60_000 + random.below(60_000);
  const values = times.map(() => random.below(1_000) / 10);
  const sorted: SortedHour = { pointIds, names: random.below(1_000), rows, times, values };
  return encodeSpill(START, sorted, { records: total + 1, rejected: { null: 1 } });
}

function parts(spill: Uint8Array): { blocks: Uint8Array; index: Uint8Array } {
  const view = new DataView(spill.buffer, spill.byteOffset, spill.byteLength);
  const end = spill.length - TRAILER_BYTES;
  const from = end - view.getUint32(end + 4, true);
  return { blocks: spill.subarray(0, from), index: zstdDecompressSync(spill.subarray(from, end)) };
}

/** Joins a spill with a trailer that fits its index. */
function join(blocks: Uint8Array, index: Uint8Array): Uint8Array {
  const packed = zstdFrame(index);
  const trailer = Buffer.alloc(TRAILER_BYTES);
  [0x31535642, packed.length, index.length, crc32(packed)].forEach((word, i) => trailer.writeUInt32LE(word, i * 4));
  return Buffer.concat([blocks, packed, trailer]);
}

/** Valid spills, taken apart once, because that takes longer than mutating them. */
const POOL = Array.from({ length: 64 }, (_, seed) => {
  const bytes = validSpill(seed);
  const { blocks, index } = parts(bytes);
  return { bytes, blocks, text: new TextDecoder().decode(index), block: zstdDecompressSync(blocks) };
});

const indexSchema = z.looseObject({
  hour: z.number(),
  blocks: z.array(z.tuple([z.number(), z.number(), z.array(z.number()), z.array(z.number())])),
});

/** Spills mutated as they are, and with a changed index or block with a matching CRC-32. */
export function generateSpill(random: Random): Uint8Array {
  const of = random.below(POOL.length);
  const [spill, other] = [POOL[of]!, POOL[random.below(POOL.length)]!];
  const kind = random.pick(["bytes", "index", "block"]);
  if (kind === "bytes") return seal({ format: "spill", of }, mutateBytes(random, spill.bytes, other.bytes));
  if (kind === "index") {
    const mutated = mutateJson(random, spill.text, other.text);
    return seal({ format: "spill", of: null }, join(spill.blocks, Buffer.from(mutated)));
  }
  const about = indexSchema.parse(JSON.parse(spill.text));
  const block = zstdFrame(mutateBytes(random, spill.block, other.block));
  const [first] = about.blocks;
  const changed = { ...about, blocks: [[block.length, crc32(block), first![2], first![3]]] };
  return seal({ format: "spill", of: null }, join(block, Buffer.from(JSON.stringify(changed))));
}

/** Reads the bytes plainly, without checking a CRC-32. */
function oracleRows(spill: Uint8Array): Rows {
  const { blocks, index } = parts(spill);
  const about = indexSchema.parse(JSON.parse(new TextDecoder().decode(index)));
  const rows: [number, number, number][] = [];
  let at = 0;
  for (const [bytes, , ids, counts] of about.blocks) {
    const block = Buffer.from(zstdDecompressSync(blocks.subarray(at, at + bytes)));
    at += bytes;
    const total = block.length / 12;
    let row = 0;
    for (const [i, id] of ids.entries()) {
      let time = about.hour;
      for (let n = 0; n < counts[i]!; n++, row++) {
        time += block.readUInt32LE(total * 8 + row * 4);
        // A changed index may hold -0, which equals 0.
        rows.push([id + 0, time, block.readDoubleLE(row * 8)]);
      }
    }
    if (row !== total) throw new Mismatch("rows of no point");
  }
  return rows;
}

async function readRows(bytes: Uint8Array<ArrayBuffer>): Promise<Rows> {
  const bucket = new MemoryBucket();
  bucket.objects.set(KEY, { bytes, etag: "e" });
  const reader = await SpillReader.open(bucket, KEY);
  const rows: [number, number, number][] = [];
  while (reader.pointId !== null) {
    const { pointId: id, pointRows } = reader;
    const [times, values] = [new Float64Array(pointRows), new Float64Array(pointRows)];
    await reader.take({ times, values }, 0);
    times.forEach((time, i) => rows.push([id, time, values[i]!]));
  }
  return rows;
}

const headSchema = z.object({ of: z.int().nullable() });

export async function checkSpill(input: Uint8Array): Promise<Outcome> {
  const { head, bytes } = open(input);
  const { of } = headSchema.parse(head);
  let rows: Rows;
  try {
    rows = await readRows(bytes);
  } catch (error) {
    if (error instanceof DayFileCorrupt) return "refused";
    throw error;
  }
  expectSame(rows, oracleRows(of === null ? bytes : POOL[of]!.bytes), "a spill");
  if (!rows.every(([, , value]) => Number.isFinite(value))) throw new Mismatch("a value that is not finite");
  return "accepted";
}
