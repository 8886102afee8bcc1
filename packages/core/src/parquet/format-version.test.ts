import { parquetHeader } from "hyparquet/src/column.js";
import { parquetMetadata } from "hyparquet/src/metadata.js";
import { expect, test } from "vitest";
import { buildingDay, TEST_MONTH, TEST_SITE } from "../../test/arbitrary-day.ts";
import { FOOTER_SEAL_BYTES, FORMAT_VERSION } from "./file-schema.ts";
import { DayFileWriter } from "./file-writer.ts";
import { MemoryBucket } from "../../test/memory-bucket.ts";
import { MultipartSink } from "../r2/multipart-sink.ts";
import { TEST_KEY, writeDay } from "../../test/written-day.ts";
import { readZstdFrame } from "../bytes/zstd-frame.ts";

/**
 * What each version of the format looks like. A failure means that the writer's bytes changed: raise FORMAT_VERSION,
 * add the new hash, keep the old ones, and make the reader read or refuse the older version.
 */
const LAYOUTS: Record<number, { day: string; month: string | null }> = {
  1: { day: "b7fc63c4e9ce4b6e7c3c80c9737b4b1e6ea0c700395c3f357db0c80cb458807e", month: null },
  2: {
    day: "905f8928f7215861fe9cd37d7816bc33662f3f61d40ae5e166e30691eff24c94",
    month: "0fcc057d4aac0e32a7127a265b075b38a983dc5b1069ada75dd1f20f0715cf98",
  },
};

const hex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** All of a file except what another zstd release may change: the compressed bytes, their sizes, places and CRCs. */
function layoutOf(bytes: Uint8Array<ArrayBuffer>, footerBytes: number): unknown {
  const footerAt = bytes.length - footerBytes;
  const metadata = parquetMetadata(bytes);
  const pages: unknown[] = [];
  let at = 4;
  while (at < footerAt) {
    const reader = { view: new DataView(bytes.buffer), offset: at };
    const { compressed_page_size: size, crc: _, ...header } = parquetHeader(reader);
    at = reader.offset + size;
    const stored = bytes.subarray(reader.offset, at);
    const isPlain = header.data_page_header_v2?.is_compressed === false;
    pages.push({ ...header, data: hex(isPlain ? stored : readZstdFrame(stored, header.uncompressed_page_size)) });
  }
  const places = new Set([
    "total_compressed_size",
    "data_page_offset",
    "dictionary_page_offset",
    "file_offset",
    "metadata_length",
  ]);
  const crcs = "building_vitals.row_group_crc32";
  const footer: unknown = JSON.parse(
    JSON.stringify(metadata, (key, value: unknown) => {
      if (places.has(key)) return typeof value;
      if (key === "key_value_metadata" && Array.isArray(value)) {
        return value.map((entry: { key: string; value: string }) =>
          entry.key === crcs ? [crcs, entry.value.length] : entry,
        );
      }
      return typeof value === "bigint" ? `${value}n` : value;
    }),
  );
  return {
    head: hex(bytes.subarray(0, 4)),
    pages,
    seal: hex(bytes.subarray(footerAt, footerAt + FOOTER_SEAL_BYTES - 4)),
    footer,
  };
}

async function digestOf(bytes: Uint8Array<ArrayBuffer>, footerBytes: number): Promise<string> {
  const layout = new TextEncoder().encode(JSON.stringify(layoutOf(bytes, footerBytes)));
  return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", layout)));
}

test("a day file has the bytes of its format version", async () => {
  const bucket = new MemoryBucket();
  const { written } = await writeDay(bucket, buildingDay(20, 30));
  expect(await digestOf(bucket.stored(TEST_KEY).bytes, written.footerBytes)).toBe(LAYOUTS[FORMAT_VERSION]?.day);
});

test("a month file has the bytes of its format version", async () => {
  const bucket = new MemoryBucket();
  const about = { site: TEST_SITE, month: TEST_MONTH, days: Array.from({ length: 31 }, () => null) };
  const writer = new DayFileWriter(new MultipartSink(bucket, "k"), about);
  for (const { name, series } of buildingDay(20, 30)) {
    // Points that share times and, in the second half, evenly spaced ones.
    const times = series.times.map((time, i) =>
      name < "ses/ses_falls_city/8000:33-8033/analogValue/2" ? time + ((i * 7_919) % 199) : time,
    );
    await writer.writePoint(name, { ...series, times });
  }
  const { footerBytes, rowGroups } = await writer.finish();
  expect(rowGroups).toBeGreaterThan(5);
  expect(await digestOf(bucket.stored("k").bytes, footerBytes)).toBe(LAYOUTS[FORMAT_VERSION]?.month);
});
