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

test("CSV: columns in any order, quotes, empty fields and a byte order mark", async () => {
  const text = [
    "\uFEFFid,value,site_name,timestamp,point_name",
    '1,71.5,s,1760270400,"a ""b"", c"',
    "",
    "2,,s,1760270400,p",
  ].join("\r\n");
  expect(await read(readCsv, "a.csv", text)).toEqual([
    {
      at: 2,
      columns: { site_name: "s", point_name: 'a "b", c', timestamp: "1760270400", value: "71.5" },
      fault: null,
    },
    { at: 4, columns: { site_name: "s", point_name: "p", timestamp: "1760270400", value: null }, fault: null },
  ]);
});

test.each([
  ["lab,i/comma,2026-11-20T10:00:00,72,5", "it has 5 fields, the header 4"],
  ["lab,a,2026-11-20T10:00:00,72,", "it has 5 fields, the header 4"],
  ["lab,a,2026-11-20T10:00:00", "it has 3 fields, the header 4"],
  ['lab,"a,2026-11-20T10:00:00,72', "its quotes do not match"],
])("CSV: the line %s is a record with a fault", async (line, fault) => {
  const text = `site_name,point_name,timestamp,value\n${line}\nlab,b,2026-11-20T10:00:00,1\n`;
  expect(await read(readCsv, "f.csv", text)).toEqual([
    { at: 2, columns: {}, fault },
    {
      at: 3,
      columns: { site_name: "lab", point_name: "b", timestamp: "2026-11-20T10:00:00", value: "1" },
      fault: null,
    },
  ]);
});

test.each([
  ["site_name,timestamp,value\n", "has no column point_name"],
  ["site_name,point_name,timestamp,value,value\n", "has the column value twice"],
])("CSV under the header %j is refused", async (header, message) => {
  await expect(read(readCsv, "b.csv", header)).rejects.toThrow(message);
});

test("NDJSON: a line that is not an object is a record with a fault", async () => {
  const text = '{"site_name":"s","value":-0}\n\n[1]\nnull\n{"a\n{"point_name":"p"}';
  const fault = "it is not a JSON object";
  const records = [
    { at: 1, columns: { site_name: "s", value: -0 }, fault: null },
    ...[3, 4, 5].map((at) => ({ at, columns: {}, fault })),
    { at: 6, columns: { point_name: "p" }, fault: null },
  ];
  expect(await read(readNdjson, "a.ndjson", text)).toEqual(records);
  expect(await read(readNdjson, "a.ndjson.gz", gzipSync(text))).toEqual(records);
});

test("a truncated .gz file is an error, not a shorter file", async () => {
  const packed = gzipSync('{"a":1}\n'.repeat(1000));
  await expect(read(readNdjson, "b.ndjson.gz", packed.subarray(0, packed.length - 9))).rejects.toThrow(
    "unexpected end of file",
  );
  await expect(all(readNdjson(join(folder, "nothing.ndjson")))).rejects.toThrow("ENOENT");
});
