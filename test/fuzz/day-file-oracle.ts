import { zstdDecompressSync } from "node:zlib";

// Reads column chunks by Parquet's specification, slowly, with BigInts and without a library.

type Fields = ReadonlyMap<number, unknown>;

export interface OraclePage {
  readonly isDictionary: boolean;
  /** Parquet's numbers: 0 PLAIN, 5 DELTA_BINARY_PACKED, 8 RLE_DICTIONARY, 9 BYTE_STREAM_SPLIT */
  readonly encoding: number;
  readonly count: number;
  readonly content: Uint8Array;
}

class Cursor {
  at = 0;
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  byte(): number {
    const byte = this.bytes[this.at++];
    if (byte === undefined) throw new RangeError("beyond the end");
    return byte;
  }

  take(length: number): Uint8Array {
    if (!(length >= 0 && this.at + length <= this.bytes.length)) throw new RangeError("beyond the end");
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError("a number of more than 64 bits");
  }

  zigzag(): bigint {
    const value = this.varint();
    return value % 2n === 0n ? value / 2n : -(value + 1n) / 2n;
  }

  struct(): Fields {
    const fields = new Map<number, unknown>();
    let id = 0;
    for (let head = this.byte(); (head & 15) !== 0; head = this.byte()) {
      id = head >> 4 === 0 ? Number(this.zigzag()) : id + (head >> 4);
      fields.set(id, this.element(head & 15, false));
    }
    return fields;
  }

  element(type: number, inList: boolean): unknown {
    if (type === 1 || type === 2) return inList ? this.byte() === 1 : type === 1;
    if (type === 3) return this.byte();
    if (type >= 4 && type <= 6) return Number(this.zigzag());
    if (type === 7) return this.take(8);
    if (type === 8) return this.take(Number(this.varint()));
    if (type === 12) return this.struct();
    if (type !== 9) throw new RangeError(`type ${type}`);
    const head = this.byte();
    const size = head >> 4 === 15 ? Number(this.varint()) : head >> 4;
    return Array.from({ length: size }, () => this.element(head & 15, true));
  }
}

function numberOf(fields: Fields, id: number): number {
  const value = fields.get(id);
  if (typeof value !== "number") throw new RangeError(`field ${id} is no number`);
  return value;
}

function structOf(fields: Fields, id: number): Fields {
  const value = fields.get(id);
  if (!(value instanceof Map)) throw new RangeError(`field ${id} is no struct`);
  return value;
}

export function pagesOf(chunk: Uint8Array): OraclePage[] {
  const cursor = new Cursor(chunk);
  const pages: OraclePage[] = [];
  while (cursor.at < chunk.length) {
    const header = cursor.struct();
    const isDictionary = numberOf(header, 1) === 2;
    const about = structOf(header, isDictionary ? 7 : 8);
    const stored = cursor.take(numberOf(header, 3));
    const isCompressed = isDictionary || about.get(7) !== false;
    const content = isCompressed ? zstdDecompressSync(stored) : stored;
    pages.push({ isDictionary, encoding: numberOf(about, isDictionary ? 2 : 4), count: numberOf(about, 1), content });
  }
  return pages;
}

function differences(content: Uint8Array): bigint[] {
  const cursor = new Cursor(content);
  const [block, minis, count] = [Number(cursor.varint()), Number(cursor.varint()), Number(cursor.varint())];
  const values = [cursor.zigzag()];
  while (values.length < count) {
    const least = cursor.zigzag();
    const widths = cursor.take(minis);
    for (const width of widths) {
      if (values.length >= count) break;
      const bits = cursor.take((block / minis / 8) * width);
      const all = bits.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
      for (let i = 0; i < block / minis && values.length < count; i++) {
        const more = (all >> BigInt(i * width)) & ((1n << BigInt(width)) - 1n);
        values.push(BigInt.asIntN(64, values.at(-1)! + least + more));
      }
    }
  }
  return values;
}

function indexes(content: Uint8Array, count: number): number[] {
  const cursor = new Cursor(content);
  const width = cursor.byte();
  const values: number[] = [];
  while (values.length < count) {
    const head = Number(cursor.varint());
    const length = Math.floor(head / 2);
    if (head % 2 === 0) {
      const index = cursor.take(Math.ceil(width / 8)).reduceRight((sum, byte) => sum * 256 + byte, 0);
      for (let i = 0; i < length && values.length < count; i++) values.push(index);
    } else {
      const all = cursor.take(length * width).reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
      for (let i = 0; i < length * 8 && values.length < count; i++) {
        values.push(Number((all >> BigInt(i * width)) & ((1n << BigInt(width)) - 1n)));
      }
    }
  }
  return values;
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function doubles({ content, encoding, count }: OraclePage): number[] {
  const view = viewOf(content);
  if (encoding === 0) return Array.from({ length: count }, (_, i) => view.getFloat64(i * 8, true));
  if (encoding !== 9) throw new RangeError(`values of encoding ${encoding}`);
  return Array.from({ length: count }, (_, i) => {
    const own = Uint8Array.from({ length: 8 }, (__, byte) => view.getUint8(byte * count + i));
    return viewOf(own).getFloat64(0, true);
  });
}

function texts({ content }: OraclePage): string[] {
  const cursor = new Cursor(content);
  const found: string[] = [];
  while (cursor.at < content.length) {
    const length = viewOf(cursor.take(4)).getUint32(0, true);
    found.push(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(cursor.take(length)));
  }
  return found;
}

/** The rows of a row group from its three chunks: arrays of names, times and values, one item a row. */
export function oracleRows(times: Uint8Array, names: Uint8Array, values: Uint8Array): [string, number, number][] {
  const [timePage] = pagesOf(times);
  const [dictionary, namePage] = pagesOf(names);
  const own = texts(dictionary!);
  const nameOf = indexes(namePage!.content, namePage!.count).map((index) => own[index]!);
  const view = viewOf(timePage!.content);
  const timeOf =
    timePage!.encoding === 5
      ? differences(timePage!.content).map(Number)
      : nameOf.map((_, row) => Number(view.getBigInt64(row * 8, true)));
  const valuePages = pagesOf(values);
  const distinct = valuePages[0]!.isDictionary ? doubles(valuePages.shift()!) : [];
  const valueOf = valuePages.flatMap((page) =>
    page.encoding === 8 ? indexes(page.content, page.count).map((index) => distinct[index]!) : doubles(page),
  );
  return nameOf.map((name, row) => [name, timeOf[row]!, valueOf[row]!]);
}
