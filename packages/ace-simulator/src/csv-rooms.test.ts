import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { loadCsvRooms } from "./csv-rooms.ts";
import { createSimulator } from "./simulator.ts";
import { fetchAll, TEST_KEY } from "./simulator-client.ts";

// ../shared/data, from the repository's root
const FOLDER = fileURLToPath(new URL("../../../../shared/data/sutardja-dai", import.meta.url));
const absent = !existsSync(FOLDER);
const title = absent ? "the CSV replay: SKIPPED, because ../shared/data/sutardja-dai is missing" : "the CSV replay";

/** The files' cells in [from, until), by point, then by time; read without the code under test. */
function readCells(from: string, until: string): Map<string, Map<string, number>> {
  const cells = new Map<string, Map<string, number>>();
  for (const file of readdirSync(FOLDER).filter((name) => name.endsWith(".csv.gz"))) {
    const room = file.split(".")[0];
    const [header, ...lines] = gunzipSync(readFileSync(`${FOLDER}/${file}`))
      .toString()
      .trim()
      .split("\n");
    const columns = header!.split(",").map(() => new Map<string, number>());
    for (const line of lines) {
      const row = line.split(",");
      if (row[0]! < from || row[0]! >= until) continue;
      for (let i = 1; i < columns.length; i++) columns[i]!.set(row[0]!, Number(row[i]));
    }
    for (const [i, name] of header!.split(",").entries()) {
      if (i > 0 && columns[i]!.size > 0) cells.set(`soda/sutardja_dai/${room}/${name}`, columns[i]!);
    }
  }
  return cells;
}

describe.skipIf(absent)(title, () => {
  // reads and compares 1.3 million cells
  const TIMEOUT_MS = 60_000;
  const END = Date.UTC(2013, 8, 1);

  test("has the 125 points and every cell of the files", { timeout: TIMEOUT_MS }, () => {
    const source = loadCsvRooms({ folder: FOLDER });
    expect(source.points.length).toBe(125);
    const wanted = readCells("2013", "2014");
    const wantedOf = source.points.map((point) => wanted.get(point.name)!);
    let differing = 0;
    let count = 0;
    for (let scrape = source.scrapeAtOrAfter(0); source.timeOf(scrape) < Infinity; scrape++) {
      const time = new Date(source.timeOf(scrape) / 1000).toISOString().slice(0, 19).replace("T", " ");
      for (const point of Array.from(source.pointsAt(scrape))) {
        count++;
        if (!Object.is(Number(source.valueText(point, scrape)), wantedOf[point]!.get(time))) differing++;
      }
    }
    const cells = wantedOf.reduce((sum, column) => sum + column.size, 0);
    expect({ differing, count }).toEqual({ differing: 0, count: cells });
    expect(count).toBeGreaterThan(1_300_000);
  });

  test("pages with shifted times have the cells of a window around a gap", { timeout: TIMEOUT_MS }, async () => {
    const shiftMs = 12 * 365 * 86_400_000;
    const source = loadCsvRooms({ folder: FOLDER, shiftMs });
    const simulator = createSimulator({ sources: [source], apiKey: TEST_KEY, now: () => END + shiftMs });
    const rows = await fetchAll(simulator, {
      site: "sutardja_dai",
      start: new Date(Date.UTC(2013, 7, 27, 17, 30) + shiftMs).toISOString(),
      end: new Date(Date.UTC(2013, 7, 27, 23, 40) + shiftMs).toISOString(),
      pageSize: 1000,
    });
    const served = new Map<string, Map<string, number>>();
    for (const { name, value, time } of rows) {
      const original = new Date(Date.parse(`${time}Z`) - shiftMs).toISOString().slice(0, 19).replace("T", " ");
      served.set(name, (served.get(name) ?? new Map<string, number>()).set(original, Number(value)));
    }
    const cells = [...served.values()].reduce((sum, column) => sum + column.size, 0);
    expect(cells).toBe(rows.length);
    expect(served).toEqual(readCells("2013-08-27 17:30:00", "2013-08-27 23:40:00"));
    expect(rows.every((row) => row.time!.endsWith(".000000"))).toBe(true);
  });
});
