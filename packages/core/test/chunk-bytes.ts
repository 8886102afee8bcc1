import { ByteWriter } from "hyparquet-writer/src/bytewriter.js";
import { type ChunkPages, writeColumnChunk } from "../src/parquet/column-chunk-writer.ts";

/** The bytes of a column chunk of any pages, including pages that our writer never makes. */
export function chunkBytes(pages: ChunkPages): Uint8Array {
  const writer = new ByteWriter();
  writeColumnChunk(writer, { name: "chunk", type: "DOUBLE" }, pages);
  return writer.getBytes().slice();
}
