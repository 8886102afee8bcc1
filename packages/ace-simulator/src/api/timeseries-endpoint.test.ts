import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createBuilding } from "../building.ts";
import { createSimulator } from "../simulator.ts";
import { fetchAll, get, getPage, TEST_KEY, type Window } from "../simulator-client.ts";
import { sourceRows } from "../source-rows.ts";

const NOW = Date.UTC(2025, 9, 12, 15, 0);
const HOUR = 3_600_000;
const building = createBuilding({ seed: 3, site: "ses_falls_city", timezone: "America/Chicago", points: 120 });
const options = { sources: [building], apiKey: TEST_KEY, now: () => NOW };
const faulty = createSimulator(options);
const mended = createSimulator({ ...options, cursorFault: false });

function windowOf(startMs: number, endMs: number, pageSize: number, raw = true): Window {
  const iso = (ms: number) => new Date(ms).toISOString();
  return { site: "ses_falls_city", start: iso(startMs), end: iso(endMs), pageSize, raw };
}

const pageSizes = fc.constantFrom(3, 10, 50, 100, 500, 1000, 5000);
const windows = fc.record({
  startMs: fc.integer({ min: NOW - 400 * 24 * HOUR, max: NOW }),
  lengthMs: fc.integer({ min: 0, max: 240_000 }),
});

describe("paging", () => {
  test("with repaired cursors returns exactly the source's samples", async () => {
    await fc.assert(
      fc.asyncProperty(windows, pageSizes, fc.boolean(), async ({ startMs, lengthMs }, pageSize, cursorFault) => {
        const endMs = startMs + lengthMs;
        const rows = await fetchAll(cursorFault ? faulty : mended, windowOf(startMs, endMs, pageSize));
        expect(rows).toEqual(sourceRows(building, startMs, Math.min(endMs, NOW + 0.001)));
      }),
      { numRuns: 60 },
    );
  });

  test("without repair a correct server returns all samples", async () => {
    const rows = await fetchAll(mended, windowOf(NOW - 300_000, NOW, 50), { repairs: false });
    expect(rows).toEqual(sourceRows(building, NOW - 300_000, NOW));
    expect(rows.length).toBeGreaterThan(300);
  });

  test("without repair the real server's fault traps a client inside one scrape", async () => {
    const window = windowOf(NOW - 300_000, NOW, 50);
    await expect(fetchAll(faulty, window, { repairs: false })).rejects.toThrow("stuck");
    const first = await getPage(faulty, window);
    const second = await getPage(faulty, window, first.next_cursor!);
    expect(second.next_cursor).toBe(first.next_cursor);
    expect(second.point_samples).not.toEqual(first.point_samples);
    expect(JSON.parse(atob(first.next_cursor!))).toEqual({ offset: 50, timestamp: first.point_samples.at(-1)!.time });
  });

  test("two adjacent windows return the samples of the whole window", async () => {
    await fc.assert(
      fc.asyncProperty(windows, fc.nat(1000), async ({ startMs, lengthMs }, share) => {
        const middle = startMs + Math.floor((lengthMs * share) / 1000);
        const whole = await fetchAll(mended, windowOf(startMs, startMs + lengthMs, 5000));
        const left = await fetchAll(mended, windowOf(startMs, middle, 5000));
        const right = await fetchAll(mended, windowOf(middle, startMs + lengthMs, 5000));
        expect([...left, ...right]).toEqual(whole);
      }),
      { numRuns: 40 },
    );
  });
});

describe("raw samples", () => {
  test("are ordered by time, one time per scrape, with values as text", async () => {
    const rows = await fetchAll(mended, windowOf(NOW - 600_000, NOW, 5000));
    const times = rows.map((row) => row.time!);
    expect(times).toEqual(times.toSorted());
    expect(times.every((time) => /^2025-10-12T14:\d\d:\d\d\.\d{6}$/.test(time))).toBe(true);
    // scrapes every 30 s; those that read the minutely points read most of the site
    expect(new Set(times).size).toBe(20);
    const perTime = Object.values(Object.groupBy(rows, (row) => row.time!)).map((group) => group!.length);
    expect(Math.max(...perTime)).toBe(building.points.length);
  });

  test("nothing later than the clock is served", async () => {
    const rows = await fetchAll(mended, windowOf(NOW - 300_000, NOW + HOUR, 5000));
    expect(rows).toEqual(sourceRows(building, NOW - 300_000, NOW + 0.001));
    expect(await fetchAll(mended, windowOf(NOW + 1, NOW + HOUR, 5000))).toEqual([]);
  });

  test("an empty window is an ordinary page", async () => {
    const page = await getPage(faulty, windowOf(NOW - HOUR, NOW - HOUR, 10));
    expect(page).toEqual({ point_samples: [], next_cursor: null, has_more: false });
  });
});

describe("5-minute buckets", () => {
  test("have each point's last value, at exact times without a fraction", async () => {
    const start = Date.UTC(2025, 9, 12, 14, 0);
    const window = { ...windowOf(start, start + 600_000, 50, false) };
    const rows = await fetchAll(faulty, window);
    const lastOf = (from: number) =>
      new Map(sourceRows(building, from, from + 300_000).map((row) => [row.name, row.value]));
    expect([...new Set(rows.map((row) => row.time))]).toEqual(["2025-10-12T14:00:00", "2025-10-12T14:05:00"]);
    for (const [at, time] of [
      [start, "2025-10-12T14:00:00"],
      [start + 300_000, "2025-10-12T14:05:00"],
    ] as const) {
      const served = rows.filter((row) => row.time === time);
      expect(new Map(served.map((row) => [row.name, row.value]))).toEqual(lastOf(at));
      expect(served.length).toBe(lastOf(at).size);
    }
  });

  test("are served by default", async () => {
    const query = "start_time=2025-10-12T14:00:00&end_time=2025-10-12T14:05:00&page_size=3";
    const response = await get(faulty, `/api/sites/ses_falls_city/timeseries/paginated?${query}`);
    expect(await response.text()).toContain('"time":"2025-10-12T14:00:00"');
  });
});

test.each([
  ["start_time", "end_time=2025-10-12"],
  ["end_time", "start_time=2025-10-12"],
  ["start_time", "start_time=noon&end_time=2025-10-12"],
  ["page_size", "start_time=2025-10-12&end_time=2025-10-13&page_size=200"],
  ["page_size", "start_time=2025-10-12&end_time=2025-10-13&page_size=many"],
  ["raw_data", "start_time=2025-10-12&end_time=2025-10-13&raw_data=yes"],
  ["cursor", "start_time=2025-10-12&end_time=2025-10-13&cursor=%25"],
  ["cursor", `start_time=2025-10-12&end_time=2025-10-13&cursor=${btoa('{"offset": -1, "timestamp": "2025-10-12"}')}`],
])("a wrong %s is refused: %s", async (parameter, query) => {
  const response = await get(faulty, `/api/sites/ses_falls_city/timeseries/paginated?${query}`);
  expect(response.status).toBe(400);
  expect(await response.json()).toEqual({
    message: "Input payload validation failed",
    errors: { [parameter]: expect.any(String) },
  });
});

test("a point's own timeseries has its rows of the window", async () => {
  const { name } = building.points[30]!;
  const query = "start_time=2025-10-12T13:00:00&end_time=2025-10-12T14:00:00";
  const response = await get(faulty, `/api/points/${encodeURIComponent(name)}/timeseries?${query}`);
  const rows = sourceRows(building, Date.UTC(2025, 9, 12, 13), Date.UTC(2025, 9, 12, 14));
  expect(await response.json()).toEqual({ point_samples: rows.filter((row) => row.name === name) });
});

test("a large page reads few scrapes beyond its own", async () => {
  let asked = 0;
  const counting = { ...building, pointsAt: (scrape: number) => (asked++, building.pointsAt(scrape)) };
  const simulator = createSimulator({ ...options, sources: [counting] });
  const page = await getPage(simulator, windowOf(NOW - 365 * 24 * HOUR, NOW, 500));
  expect(page.point_samples.length).toBe(500);
  expect(asked).toBeLessThan(20);
});
