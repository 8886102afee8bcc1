import { type DataPage, dataPage } from "@building-vitals/core/parquet/column-chunk-writer";
import { chunkBytes } from "@building-vitals/core/test/chunk-bytes";
import { type OraclePage, pagesOf } from "./day-file-oracle.ts";
import { mutateBytes } from "./mutate-bytes.ts";
import type { Random } from "./random.ts";

const ENCODINGS = new Map<number, DataPage["encoding"]>([
  [0, "PLAIN"],
  [5, "DELTA_BINARY_PACKED"],
  [8, "RLE_DICTIONARY"],
  [9, "BYTE_STREAM_SPLIT"],
]);

const COUNTS = [0, 1, 7, 2 ** 20, 2 ** 31 - 1] as const;

/**
 * Cache of decompressed valid chunks, which are mutated many times. Decompression takes longer than everything else.
 */
const PAGES = new WeakMap<Uint8Array, OraclePage[]>();

function validPages(chunk: Uint8Array): OraclePage[] {
  const pages = PAGES.get(chunk) ?? pagesOf(chunk);
  PAGES.set(chunk, pages);
  return pages;
}

/** Changes the content of one page of a chunk, or its number of values, and compresses it again. */
export function mutateChunkContent(random: Random, chunk: Uint8Array, other: Uint8Array): Uint8Array {
  const pages = validPages(chunk);
  const [which, theirs] = [random.below(pages.length), validPages(other)];
  const donor = theirs[random.below(theirs.length)]!;
  const change = (page: OraclePage): OraclePage => {
    if (random.chance(0.1)) return { ...page, count: random.pick(COUNTS) };
    if (random.chance(0.05)) return { ...page, encoding: random.pick([0, 5, 8, 9]) };
    return { ...page, content: mutateBytes(random, page.content, donor.content) };
  };
  const changed = pages.map((page, i) => (i === which ? change(page) : page));
  const dictionary = changed.find((page) => page.isDictionary);
  const data = changed.filter((page) => !page.isDictionary);
  return chunkBytes({
    dictionary: dictionary === undefined ? null : { values: dictionary.count, bytes: dictionary.content },
    data: data.map(({ encoding, count, content }) => dataPage(ENCODINGS.get(encoding) ?? "PLAIN", count, content)),
  });
}
