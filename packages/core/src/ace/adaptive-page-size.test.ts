import { describe, expect, test } from "vitest";
import { AceError } from "./ace-error.ts";
import { AdaptivePageSize, type SmallerPages } from "./adaptive-page-size.ts";

const MINUTE_MS = 60_000;
const broken = new AceError("broken_body", "/x", "");
const timeout = new AceError("timeout", "/x", "");

/** Requests pages until one succeeds. @returns the requested sizes */
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
  test("shrinks from the second failure on, and grows after the pause", () => {
    let now = 0;
    const sizes = new AdaptivePageSize(100_000, null, () => now);
    expect(page(sizes, 10_000)).toEqual([100_000, 100_000, 50_000, 10_000]);
    expect(page(sizes, Infinity)).toEqual([10_000]);
    now = 2 * MINUTE_MS;
    expect([page(sizes, Infinity), page(sizes, Infinity)]).toEqual([[50_000], [100_000]]);
    expect(sizes.learned).toBeNull();
  });

  test("shrinks at once after a timeout", () => {
    const sizes = new AdaptivePageSize(100_000, null, () => 0);
    expect(page(sizes, 50_000, { error: timeout })).toEqual([100_000, 50_000]);
  });

  test("tries a larger size once per pause, with pauses up to an hour", () => {
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

  test("short pages do not cause trials of full pages that always fail", () => {
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

  test("learns nothing when all sizes fail, and keeps the last good size", () => {
    const sizes = new AdaptivePageSize(100_000, null, () => 0);
    page(sizes, 10_000);
    const { learned } = sizes;
    expect(learned).toMatchObject({ size: 10_000, reason: "broken_body" });
    expect(page(sizes, 0).slice(0, 5)).toEqual([10_000, 10_000, 5_000, 1_000, 1_000]);
    expect(sizes.learned).toEqual(learned);
  });

  test("the next run continues shrinking where the last one stopped", () => {
    const first = new AdaptivePageSize(100_000, null, () => 0);
    first.failed(first.size, timeout);
    const second = new AdaptivePageSize(100_000, first.learned, () => 60 * MINUTE_MS);
    expect(page(second, 10_000, { error: timeout })).toEqual([50_000, 10_000]);
  });

  test("a run that ends at its first failure passes on a smaller size", () => {
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
  ])("%s does not change the size", (error) => {
    const sizes = new AdaptivePageSize(100_000, null, () => 0);
    expect(page(sizes, 0, { error })).toEqual(Array.from({ length: 20 }, () => 100_000));
    expect(sizes.learned).toBeNull();
  });
});
