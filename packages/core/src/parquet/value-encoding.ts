import { splitStreams } from "./byte-stream-split.ts";
import {
  type ChunkPages,
  type DataPage,
  dataPage,
  type DictionaryPage,
  freePage,
  ownPage,
  smallerPage,
} from "./column-chunk-writer.ts";
import { freeBytes } from "../bytes/free-bytes.ts";
import { packedIndexes } from "./rle.ts";

/** Larger dictionaries are not tried. Their indexes stay within the 24 bits of {@link packedIndexes}. */
const MAX_DISTINCT = 65_536;

/** Compressed bytes that a distinct value adds to the dictionary, roughly. */
const ENTRY_BYTES = 3;

/** A point's values, its best page without a dictionary, and its distinct values if a dictionary is smaller. */
interface Candidate {
  readonly values: Float64Array;
  readonly page: DataPage;
  readonly distinct: Float64Array | null;
}

/**
 * Encodes the values of a row group's points, each page with the encoding that is smallest after zstd: a dictionary
 * suits rounded readings, BYTE_STREAM_SPLIT suits single-precision noise, PLAIN suits setpoints and means. All pages
 * share one dictionary.
 */
export function encodeValues(points: readonly Float64Array[]): ChunkPages {
  const candidates = points.map(chooseEncoding);
  const ranks = new Map<number, number>();
  // Points with few values first, so that their indexes stay small.
  const sharing = candidates.flatMap(({ distinct }) => distinct ?? []).sort((a, b) => a.length - b.length);
  for (const distinct of sharing) {
    for (const value of distinct) if (!ranks.has(value)) ranks.set(value, ranks.size);
  }
  return {
    dictionary: ranks.size === 0 ? null : dictionaryOf(Float64Array.from(ranks.keys())),
    data: candidates.map(({ values, page, distinct }) => {
      if (distinct === null) return page;
      freePage(page);
      return indexPage(values, ranks);
    }),
  };
}

function chooseEncoding(values: Float64Array): Candidate {
  const plain = plainPage(values);
  const distinct = distinctValues(values);
  if (distinct?.length === 1) return { values, page: plain, distinct: null };
  const page = smallerPage(splitPage(values), plain);
  if (distinct === null) return { values, page, distinct };
  const ranks = new Map(Array.from(distinct, (value, rank) => [value, rank]));
  const indexes = indexPage(values, ranks);
  const dictionary = indexes.stored.length + ENTRY_BYTES * distinct.length;
  freePage(indexes);
  return { values, page, distinct: dictionary < page.stored.length ? distinct : null };
}

/** Distinct values, ascending. null: too many for a dictionary to pay, or a negative zero, which it would lose. */
function distinctValues(values: Float64Array): Float64Array | null {
  const limit = Math.min(values.length / 2, MAX_DISTINCT);
  const distinct = new Set<number>();
  for (const value of values) {
    // A Set treats -0 as 0.
    if (Object.is(value, -0)) return null;
    distinct.add(value);
    if (distinct.size > limit) return null;
  }
  return Float64Array.from(distinct).sort();
}

function plainPage(values: Float64Array): DataPage {
  return dataPage("PLAIN", values.length, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
}

function splitPage(values: Float64Array): DataPage {
  return ownPage("BYTE_STREAM_SPLIT", values.length, splitStreams(values));
}

function indexPage(values: Float64Array, ranks: ReadonlyMap<number, number>): DataPage {
  const indexes = new Uint32Array(values.length);
  // Uint32Array.from takes three times as long.
  for (let row = 0; row < values.length; row++) indexes[row] = ranks.get(values[row]!)!;
  const page = ownPage("RLE_DICTIONARY", values.length, packedIndexes(indexes));
  freeBytes(indexes);
  return page;
}

function dictionaryOf(values: Float64Array): DictionaryPage {
  return { values: values.length, bytes: new Uint8Array(values.buffer) };
}
