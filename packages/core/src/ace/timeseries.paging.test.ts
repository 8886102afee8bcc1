import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  collect,
  expected,
  faultyUpstream,
  namesAndValues,
  type Row,
  scrapes,
  setUp,
} from "../../test/faulty-upstream.ts";

/** Counts the rows that a client gets if it follows the upstream's cursors unchanged until one repeats. */
async function unrepaired(rows: readonly Row[], size: number): Promise<number> {
  const upstream = faultyUpstream(rows);
  const seen = new Set<string>();
  let records = 0;
  for (let next: string | null = null; ;) {
    const query = new URLSearchParams({ page_size: String(size), ...(next === null ? {} : { cursor: next }) });
    const response = await upstream(new URL(`https://ace.test/?${query.toString()}`), {});
    const page = await response.json<{ point_samples: Row[]; next_cursor: string | null }>();
    records += page.point_samples.length;
    next = page.next_cursor;
    if (next === null || seen.has(next)) return records;
    seen.add(next);
  }
}

describe("paging", () => {
  const specArbitrary = fc.array(
    fc.record({ points: fc.integer({ min: 1, max: 40 }), micros: fc.constantFrom(0, 1, 55_960, 999_999) }),
    { minLength: 1, maxLength: 8 },
  );
  const sizeArbitrary = fc.constantFrom(3, 10, 50);

  it("reads all rows despite the cursor fault, at any page size", async () => {
    await fc.assert(
      fc.asyncProperty(specArbitrary, sizeArbitrary, async (spec, pageSize) => {
        const rows = scrapes(spec);
        const { pages, error } = await collect(setUp(faultyUpstream(rows)), { pageSize });
        expect(error).toBeUndefined();
        expect(namesAndValues(pages)).toEqual(expected(rows));
        expect(pages.at(-1)?.next).toBeNull();
        expect(pages.length).toBe(Math.ceil(rows.length / pageSize));
      }),
      { numRuns: 150 },
    );
  });

  it("the rest of the window would be lost without the repair", async () => {
    const rows = scrapes([
      { points: 10, micros: 55_960 },
      { points: 10, micros: 0 },
    ]);
    expect(await unrepaired(rows, 3)).toBeLessThan(10);
    expect(await unrepaired(rows, 10)).toBe(20);
    const { pages } = await collect(setUp(faultyUpstream(rows)), { pageSize: 3 });
    expect(namesAndValues(pages)).toHaveLength(20);
  });

  it("continues from a saved cursor, even with another page size", async () => {
    const stopArbitrary = fc.integer({ min: 1, max: 20 });
    await fc.assert(
      fc.asyncProperty(specArbitrary, sizeArbitrary, sizeArbitrary, stopArbitrary, async (spec, size, other, stop) => {
        const rows = scrapes(spec);
        const first = await collect(setUp(faultyUpstream(rows)), { pageSize: size, maxPages: stop });
        const saved = first.pages.at(-1)?.next ?? null;
        expect(first.error?.kind).toBe(saved === null ? undefined : "page_limit");
        const rest =
          saved === null ? [] : (await collect(setUp(faultyUpstream(rows)), { pageSize: other, cursor: saved })).pages;
        expect(namesAndValues([...first.pages, ...rest])).toEqual(expected(rows));
      }),
      { numRuns: 100 },
    );
  });

  it("counts rejected rows at the last time, as the upstream does", async () => {
    const rows = scrapes([{ points: 20, micros: 7 }]).map((row, i) => (i % 3 === 0 ? { ...row, value: "NaN" } : row));
    const { pages } = await collect(setUp(faultyUpstream(rows)), { pageSize: 3 });
    expect(pages.reduce((sum, page) => sum + page.records, 0)).toBe(20);
    expect(pages.reduce((sum, page) => sum + (page.rejected.non_finite ?? 0), 0)).toBe(7);
  });
});
