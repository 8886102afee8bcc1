import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { ImportClient, ImportRefused } from "./import-client.ts";
import { formatImportEnd } from "./format-import.ts";
import { PositionFile } from "./position.ts";
import { type ImportContext, readSources, sendDays } from "./run-import.ts";
import { batchesOf } from "./send-day.ts";
import { findSources } from "./sources.ts";
import { numberText } from "@building-vitals/core/store/segment-body";

const DAY = Date.UTC(2025, 9, 12);
const bodySchema = z.object({
  site: z.string(),
  day: z.string(),
  points: z.array(z.object({ name: z.string(), samples: z.array(z.tuple([z.number(), z.number()])) })),
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "building-vitals-run-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A run of the command in the same folder; it knows earlier runs by their files alone. */
const context = (): ImportContext => ({
  folder: join(folder, "work"),
  positionFile: new PositionFile(join(folder, "work")),
  say: () => {},
  now: () => DAY + 5 * 86_400_000,
});

const line = (point: string, offset: number, value: number) =>
  `{"site_name":"s","point_name":"${point}","timestamp":${DAY + offset},"value":${numberText(value)}}\n`;

/** An etl Worker that keeps samples, and fails at call `diesAt`. */
class FakeClient extends ImportClient {
  readonly stored = new Map<string, number>();
  readonly settled: string[] = [];
  diesAt = Number.POSITIVE_INFINITY;

  constructor() {
    super("http://nowhere", "t", []);
  }

  override async import(text: string) {
    const { points } = bodySchema.parse(JSON.parse(text));
    const counts = { received: 0, stored: 0, present: 0, kept: 0, rejected: {} };
    for (const { name, samples } of points) {
      for (const [time, value] of samples) {
        const there = this.stored.get(`${name} ${time}`);
        counts.received++;
        if (there === undefined) counts.stored++;
        else if (Object.is(there, value)) counts.present++;
        else counts.kept++;
        this.stored.set(`${name} ${time}`, there ?? value);
      }
    }
    // after the samples are stored: only the answer is lost
    if (--this.diesAt < 0) throw new ImportRefused("no_answer", "dead");
    return counts;
  }

  override async settle(_: string, day: string) {
    if (--this.diesAt < 0) throw new ImportRefused("no_answer", "dead");
    this.settled.push(day);
  }

  override async daysDue() {
    return 0;
  }
}

async function givenFiles(): Promise<void> {
  await writeFile(join(folder, "1.ndjson"), line("a", 0, 1) + line("b", 1, -0) + line("a", 86_400_000, 3));
  await writeFile(join(folder, "2.ndjson"), line("b", 1, -0) + line("a", 0, 2) + line("c", 5, 5e-324));
}
const EXPECTED = [
  [`a ${DAY}`, 2],
  [`b ${DAY + 1}`, -0],
  [`c ${DAY + 5}`, 5e-324],
  [`a ${DAY + 86_400_000}`, 3],
] as const;

async function run(client: FakeClient): Promise<string[]> {
  const state = context();
  const { sources } = await findSources([join(folder, "1.ndjson"), join(folder, "2.ndjson")]);
  await readSources(state, sources);
  expect(await sendDays(state, client)).toBe(true);
  return formatImportEnd(state.positionFile.position);
}

test("samples of several files are joined, and a later file's value counts", async () => {
  await givenFiles();
  const client = new FakeClient();
  expect(await run(client)).toEqual([
    "done     6 records of 2 files:",
    "         4 stored",
    "         1 read twice",
    "         1 replaced by a later file's value",
  ]);
  expect(client.stored).toEqual(new Map(EXPECTED));
  expect(client.settled).toEqual(["2025-10-12", "2025-10-13"]);
});

test.each([0, 1, 2, 3])("after a stop at call %d the next run continues, and settles every day", async (diesAt) => {
  await givenFiles();
  const client = new FakeClient();
  client.diesAt = diesAt;
  await expect(run(client)).rejects.toThrow("dead");
  client.diesAt = Number.POSITIVE_INFINITY;
  const lines = await run(client);
  expect(client.stored).toEqual(new Map(EXPECTED));
  expect([...new Set(client.settled)]).toEqual(["2025-10-12", "2025-10-13"]);
  expect(lines.join("\n")).not.toContain("NOT IMPORTED");
});

test("a file that cannot be read to its end leaves no samples behind", async () => {
  await givenFiles();
  const bad = join(folder, "2.ndjson.gz");
  await writeFile(bad, "no gzip");
  const named = [join(folder, "1.ndjson"), join(folder, "2.ndjson"), bad];
  const { sources } = await findSources(named);
  await expect(readSources(context(), sources)).rejects.toThrow("2.ndjson.gz cannot be read to its end");
  await rm(bad);
  const client = new FakeClient();
  expect(await run(client)).toContain("         4 stored");
});

test("batches hold every sample once, within their limits", () => {
  const samples = fc.array(fc.tuple(fc.nat(86_399_999), fc.double({ noNaN: true, noDefaultInfinity: true })));
  fc.assert(
    fc.property(fc.dictionary(fc.string({ minLength: 1 }), samples), fc.nat(25_000), (given, many) => {
      const points = new Map(
        Object.entries(given).map(([name, samplesOfPoint]) => [
          name,
          { offsets: samplesOfPoint.map(([offset]) => offset), values: samplesOfPoint.map(([, value]) => value) },
        ]),
      );
      const offsets = Array.from({ length: many }, (_, i) => i);
      points.set("many", { offsets, values: offsets });
      const none = { samples: 0, repeated: 0, overruled: 0, stored: 0, present: 0, kept: 0, rejected: {} };
      const counts = { site: "s", day: "2025-10-12", state: "sending" as const, ...none };
      const found = new Map<string, number>();
      let total = 0;
      for (const body of batchesOf("s", "2025-10-12", points, counts)) {
        expect(Buffer.byteLength(body)).toBeLessThan(1024 * 1024);
        for (const { name, samples: samplesOfPoint } of bodySchema.parse(JSON.parse(body)).points) {
          for (const [time, value] of samplesOfPoint) found.set(JSON.stringify([name, time - DAY]), value);
          total += samplesOfPoint.length;
        }
      }
      const expected = new Map(
        [...points].flatMap(([name, { offsets: at, values }]) =>
          at.map((offset, i): [string, number] => [JSON.stringify([name, offset]), values[i]!]),
        ),
      );
      expect(found).toEqual(expected);
      expect(total).toBe(expected.size);
    }),
    { numRuns: 30 },
  );
});
