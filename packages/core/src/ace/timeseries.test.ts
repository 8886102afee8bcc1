import { describe, expect, it } from "vitest";
import {
  collect,
  cursor,
  expected,
  faultyUpstream,
  namesAndValues,
  scrapes,
  setUp,
} from "../../test/faulty-upstream.ts";
import { type Answer, brokenOff, json, status, text } from "../../test/scripted-fetch.ts";

const T = "2025-10-12T14:50:36.055960";

describe("bounds", () => {
  const page = (next: string | null, rows = 1) =>
    json({
      point_samples: Array.from({ length: rows }, () => ({ name: "a", value: "1", time: T })),
      next_cursor: next,
      has_more: next !== null,
    });

  it.each<[string, Answer[], string | undefined, number]>([
    ["a cursor that repeats at once", [page("A"), page("A")], undefined, 1],
    ["a cycle of two", [page("A"), page("B"), page("A")], undefined, 2],
    ["the cursor that it started with", [page("B"), page("A")], "A", 1],
    [
      "one position in two spellings",
      [page(cursor({ offset: 1, timestamp: "x" })), page(btoa('{"timestamp": "x", "offset": 1}'))],
      undefined,
      1,
    ],
    ["an empty page that leads to itself", [page("A"), page("A", 0)], undefined, 1],
  ])("refuses %s, and does not yield its page", async (_, answers, begin, yielded) => {
    const setup = setUp(...answers);
    const { pages, error } = await collect(setup, { cursor: begin });
    expect(error).toMatchObject({ kind: "cursor_repeated", retryable: false });
    expect(pages).toHaveLength(yielded);
    expect(setup.client.calls).toBe(yielded + 1);
  });

  it("continues past an empty page with a cursor", async () => {
    const { pages, error } = await collect(setUp(page("A"), page("B", 0), page("C", 0), page(null)));
    expect(error).toBeUndefined();
    expect(pages.map(({ records, next }) => [records, next])).toEqual([
      [1, "A"],
      [0, "B"],
      [0, "C"],
      [1, null],
    ]);
  });

  it("stops after ten empty pages in a row only", async () => {
    let n = 0;
    const endless: Answer = (url, init) => page(`c${n++}`, 0)(url, init);
    const stopped = await collect(setUp(endless));
    expect(stopped.error?.kind).toBe("page_limit");
    expect(stopped.pages).toHaveLength(10);

    const answers = Array.from({ length: 24 }, (_, i) => page(`c${i}`, i % 8 === 0 ? 1 : 0));
    const whole = await collect(setUp(...answers, page(null)));
    expect(whole.error).toBeUndefined();
    expect(whole.pages).toHaveLength(25);
  });

  it("yields the allowed pages, the last with its cursor, then fails", async () => {
    let n = 0;
    const setup = setUp((url, init) => page(`c${n++}`)(url, init));
    const { pages, error } = await collect(setup, { maxPages: 4 });
    expect(error?.kind).toBe("page_limit");
    expect(pages.map(({ next }) => next)).toEqual(["c0", "c1", "c2", "c3"]);
    expect(setup.client.calls).toBe(4);
  });

  it("allows 200 pages by default", async () => {
    let n = 0;
    const { pages, error } = await collect(setUp((url, init) => page(`c${n++}`)(url, init)));
    expect(error?.kind).toBe("page_limit");
    expect(pages).toHaveLength(200);
  });

  it("succeeds if the last allowed page is the last", async () => {
    const { pages, error } = await collect(setUp(page("A"), page(null)), { maxPages: 2 });
    expect(error).toBeUndefined();
    expect(pages).toHaveLength(2);
  });

  it("yields the pages before an unproved end or the deadline", async () => {
    const unproved = await collect(setUp(page("A"), json({ point_samples: [] })));
    expect(unproved.error?.kind).toBe("not_a_page");
    expect(unproved.pages).toHaveLength(1);

    const setup = setUp(page("A"), status(503));
    const late = await collect(setup, { deadline: setup.clock.now() + 1000 });
    expect(late.error).toMatchObject({ kind: "http", status: 503 });
    expect(late.pages.map(({ next }) => next)).toEqual(["A"]);
    expect(setup.clock.waits).toEqual([]);
  });
});

describe("page size", () => {
  const rows = scrapes([{ points: 40, micros: 1 }]);
  const good = faultyUpstream(rows);
  const cut = text('{"point_samples":[{"name":"p0","val');
  const lost = brokenOff('{"point_samples":[');

  it("stays after one failure of a body", async () => {
    const setup = setUp(cut, good);
    expect((await collect(setup)).error).toBeUndefined();
    expect(setup.sizes()).toEqual([100_000, 100_000]);
    expect(setup.clock.waits).toEqual([2000]);
  });

  it("shrinks from the second failure on, with new retries each step", async () => {
    const setup = setUp(cut, lost, status(504), cut, lost, good);
    const { pages, error } = await collect(setup);
    expect(error).toBeUndefined();
    expect(namesAndValues(pages)).toEqual(expected(rows));
    expect(setup.sizes()).toEqual([100_000, 100_000, 50_000, 10_000, 5000, 1000]);
    expect(setup.clock.waits).toEqual([2000, 2000, 2000, 2000, 2000]);
  });

  it("gives up at 1,000 rows", async () => {
    const setup = setUp(cut);
    const { error } = await collect(setup);
    expect(error?.kind).toBe("broken_body");
    expect(setup.sizes()).toEqual([100_000, 100_000, 50_000, 10_000, 5000, 1000, 1000, 1000]);
    expect(setup.clock.waits).toEqual([2000, 2000, 2000, 2000, 2000, 4000, 8000]);
  });

  it("does not change a size that is small already", async () => {
    const setup = setUp(cut);
    await collect(setup, { pageSize: 10 });
    expect(setup.sizes()).toEqual([10, 10, 10, 10]);
  });

  it.each([500, 502, 503, 413, 408])("shrinks for %i as for a body that breaks off", async (code) => {
    const setup = setUp((url, init) =>
      (Number(url.searchParams.get("page_size")) > 10_000 ? status(code) : good)(url, init),
    );
    const { pages, error } = await collect(setup);
    expect(error).toBeUndefined();
    expect(namesAndValues(pages)).toEqual(expected(rows));
    // 413 is definite, so it is neither repeated nor waited for
    expect(setup.sizes()).toEqual([100_000, ...(code === 413 ? [] : [100_000]), 50_000, 10_000]);
    expect(setup.clock.waits).toEqual(code === 413 ? [0, 0] : [2000, 2000, 2000]);
  });

  it("does not shrink for failures unrelated to the size", async () => {
    const page = status(200, { "content-type": "text/html" }, "<html>maintenance</html>");
    const setup = setUp(page, status(429), page, good);
    expect((await collect(setup)).error).toBeUndefined();
    expect(setup.sizes()).toEqual([100_000, 100_000, 100_000, 100_000]);
  });

  it("stays small for the rest of the iteration", async () => {
    const many = scrapes(Array.from({ length: 30 }, () => ({ points: 100, micros: 5 })));
    const upstream = faultyUpstream(many);
    // breaks off pages larger than 1,000 rows
    const setup = setUp((url, init) =>
      Number(url.searchParams.get("page_size")) > 1000 ? cut(url, init) : upstream(url, init),
    );
    const { pages, error } = await collect(setup, { pageSize: 10_000 });
    expect(error).toBeUndefined();
    expect(namesAndValues(pages)).toEqual(expected(many));
    expect(setup.sizes()).toEqual([10_000, 10_000, 5000, 1000, 1000, 1000]);
  });

  it("shrinks no further than the deadline allows", async () => {
    const setup = setUp(cut);
    const { error } = await collect(setup, { deadline: setup.clock.now() + 5000 });
    expect(error?.kind).toBe("broken_body");
    expect(setup.sizes()).toEqual([100_000, 100_000, 50_000]);
  });
});
