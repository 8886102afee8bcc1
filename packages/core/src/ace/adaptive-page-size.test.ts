import { describe, expect, test } from "vitest";
import { AceError } from "./ace-error.ts";
import { AdaptivePageSize, type SmallerPages } from "./adaptive-page-size.ts";

const MINUTE_MS = 60_000;
const broken = new AceError("broken_body", "/x", "");
const timeout = new AceError("timeout", "/x", "");

/** Asks for a page until one comes. @returns the sizes that were asked for */
function page(sizes: AdaptivePageSize, most: number, { error = broken, records = 1_000_000 } = {}): number[] {
  const asked: number[] = [];
  for (let tries = 0; tries < 20; tries++) {
    const { size } = sizes;
    asked.push(size);
    if (size <= most) {
      sizes.succeeded(size, Math.min(records, size));
      return asked;
    }
    sizes.failed(size, error);
  }
  return asked;
}

describe("AdaptivePageSize", () => {
  test("goes down from the second failure on, and grows page by page when the pause is over", () => {
    let now = 0;
    const sizes = new AdaptivePageSize(100_000, null, () => now);
    expect(page(sizes, 10_000)).toEqual([100_000, 100_000, 50_000, 10_000]);
    expect(page(sizes, Infinity)).toEqual([10_000]);
    now = 2 * MINUTE_MS;
    expect([page(sizes, Infinity), page(sizes, Infinity)]).toEqual([[50_000], [100_000]]);
    expect(sizes.learned).toBeNull();
  });

  test("a timeout is clear at once", () => {
    const sizes = new AdaptivePageSize(100_000, null, () => 0);
    expect(page(sizes, 50_000, { error: timeout })).toEqual([100_000, 50_000]);
  });

  test("tries a larger size once a pause, and pauses up to an hour", () => {
    let now = 0;
    const sizes = new AdaptivePageSize(100_000, null, () => now);
    page(sizes, 10_000);
    const trials: number[] = [];
    for (; now < 12 * 60 * MINUTE_MS; now += 5 * MINUTE_MS) {
      const asked = page(sizes, 10_000);
      if (asked.length > 1) trials.push(now / MINUTE_MS);
      expect(asked.at(-1)).toBe(10_000);
    }
    expect(trials.slice(0, 7)).toEqual([5, 10, 20, 40, 75, 135, 195]);
    expect(trials).toHaveLength(15);
  });

  test("full pages that always fail are not tried at each sync because a short one came", () => {
    let now = 0;
    let known: SmallerPages | null = null;
    let failures = 0;
    for (; now < 6 * 60 * MINUTE_MS; now += 5 * MINUTE_MS) {
      const sizes: AdaptivePageSize = new AdaptivePageSize(100_000, known, () => now);
      // a sync of two pages: a full one that breaks off beyond 50,000 rows, and a short rest
      failures += page(sizes, 50_000).length - 1;
      page(sizes, Infinity, { records: 10 });
      known = sizes.learned;
    }
    expect(failures).toBeLessThan(20);
  });

  test("sizes that all fail are no lesson, and the next run begins where the last page came", () => {
    const sizes = new AdaptivePageSize(100_000, null, () => 0);
    page(sizes, 10_000);
    const { learned } = sizes;
    expect(learned).toMatchObject({ size: 10_000, reason: "broken_body" });
    expect(page(sizes, 0).slice(0, 5)).toEqual([10_000, 10_000, 5_000, 1_000, 1_000]);
    expect(sizes.learned).toEqual(learned);
  });

  test("a way down that a run could not finish is gone on with by the next", () => {
    const first = new AdaptivePageSize(100_000, null, () => 0);
    first.failed(first.size, timeout);
    const second = new AdaptivePageSize(100_000, first.learned, () => 60 * MINUTE_MS);
    expect(page(second, 10_000, { error: timeout })).toEqual([50_000, 10_000]);
  });

  test("a run that ends with its first failure leaves a smaller size to the next", () => {
    const first = new AdaptivePageSize(100_000, null, () => 0);
    expect(first.failed(first.size, broken)).toBe(false);
    expect(first.size).toBe(100_000);
    expect(first.learned).toMatchObject({ size: 50_000, retryAt: null });
    first.succeeded(100_000, 5);
    expect(first.learned).toBeNull();
  });

  test.each([
    new AceError("not_json", "/x", ""),
    new AceError("network", "/x", ""),
    new AceError("http", "/x", "", { status: 429 }),
  ])("%s says nothing of the size", (error) => {
    const sizes = new AdaptivePageSize(100_000, null, () => 0);
    expect(page(sizes, 0, { error })).toEqual(Array.from({ length: 20 }, () => 100_000));
    expect(sizes.learned).toBeNull();
  });
});
