import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readCsv, readNdjson } from "./read-lines.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "building-vitals-lines-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function all(records: AsyncIterable<unknown>): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const record of records) found.push(record);
  return found;
}

async function read(reader: typeof readCsv, name: string, content: string | Uint8Array) {
  const file = join(folder, name);
  await writeFile(file, content);
  return all(reader(file));
}

test("CSV: columns in any order, quotes, empty fields, a byte order mark, and lines that are none", async () => {
  const text = [
    "\uFEFFid,value,site_name,timestamp,point_name",
    '1,71.5,s,1760270400,"a ""b"", c"',
    "2,,s,1760270400,p",
    "",
    '3,1,s,1760270400,"open',
    "4,1,s",
  ].join("\r\n");
  expect(await read(readCsv, "a.csv", text)).toEqual([
    { site_name: "s", point_name: 'a "b", c', timestamp: "1760270400", value: "71.5" },
    { site_name: "s", point_name: "p", timestamp: "1760270400", value: null },
    {},
    { site_name: "s", value: "1" },
  ]);
});

test("CSV without a column is refused by its name", async () => {
  await expect(read(readCsv, "b.csv", "site_name,timestamp,value\n")).rejects.toThrow("has no column point_name");
});

test("NDJSON: what is no object has no names; the last line may lack its end", async () => {
  const text = '{"site_name":"s","value":-0}\n\n[1]\nnull\n{"a\n{"point_name":"p"}';
  const records = [{ site_name: "s", value: -0 }, [1], {}, {}, { point_name: "p" }];
  expect(await read(readNdjson, "a.ndjson", text)).toEqual(records);
  expect(await read(readNdjson, "a.ndjson.gz", gzipSync(text))).toEqual(records);
});

test("a file that breaks off while it is unpacked is an error, not a shorter file", async () => {
  const packed = gzipSync('{"a":1}\n'.repeat(1000));
  await expect(read(readNdjson, "b.ndjson.gz", packed.subarray(0, packed.length - 9))).rejects.toThrow(
    "unexpected end of file",
  );
  await expect(all(readNdjson(join(folder, "nothing.ndjson")))).rejects.toThrow("ENOENT");
});
