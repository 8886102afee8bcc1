import { describe, expect, test } from "vitest";
import { type Backoff, isRetryableD1Error, withD1Retry } from "./retry.ts";

const LOST = "D1_ERROR: Network connection lost.";

/** A clock that records each wait and does not wait. */
function fakeBackoff(random: number): Backoff & { waits: number[] } {
  const waits: number[] = [];
  return {
    waits,
    random: () => random,
    sleep: (ms) => {
      waits.push(ms);
      return Promise.resolve();
    },
  };
}

describe("isRetryableD1Error", () => {
  test.each([
    "D1_ERROR: D1 DB reset because its code was updated.",
    "D1_ERROR: Internal error while starting up D1 DB storage caused object to be reset.",
    LOST,
    "D1_ERROR: Internal error in D1 DB storage caused object to be reset.",
    "D1_ERROR: Cannot resolve D1 DB due to transient issue on remote node.",
    "D1_ERROR: Can't read from request stream because client disconnected.",
    "D1_ERROR: D1 DB is overloaded. Requests queued for too long.",
    "D1_ERROR: D1 DB is overloaded. Too many requests queued.",
  ])("%s is retried", (message) => {
    expect(isRetryableD1Error(new Error(message))).toBe(true);
    expect(isRetryableD1Error(message)).toBe(true);
  });

  test.each([
    "D1_ERROR: D1 DB's isolate exceeded its memory limit and was reset.",
    "D1_ERROR: D1 DB exceeded its CPU time limit and was reset.",
    "D1_ERROR: D1 DB storage operation exceeded timeout which caused object to be reset.",
    "D1_ERROR: UNIQUE constraint failed: sites.name: SQLITE_CONSTRAINT",
    "D1_ERROR: no such table: segments: SQLITE_ERROR",
    "D1_TYPE_ERROR: Type 'undefined' not supported for value 'undefined'",
    "",
  ])("%j is not retried", (message) => {
    expect(isRetryableD1Error(new Error(message))).toBe(false);
    expect(isRetryableD1Error({ message: LOST })).toBe(false);
    expect(isRetryableD1Error(undefined)).toBe(false);
  });
});

describe("withD1Retry", () => {
  /** A call that fails with each of `errors` in turn, then returns the number of its attempts. */
  function failing(errors: readonly unknown[]): { call: () => Promise<number>; tries: () => number } {
    let tries = 0;
    const call = () => (tries++ < errors.length ? Promise.reject(errors[tries - 1]) : Promise.resolve(tries));
    return { call, tries: () => tries };
  }
  const lost = (n: number) => new Error(`${LOST} ${n}`);

  test.each([
    [0, 0, []],
    [1, 0, [50]],
    [2, 0, [50, 200]],
    [3, 0, [50, 200, 800]],
    [3, 0.5, [75, 300, 1_200]],
    [3, 1, [100, 400, 1_600]],
  ])("after %i failures, with random %d, waits %j ms and answers", async (failures, random, waits) => {
    const backoff = fakeBackoff(random);
    const { call } = failing(Array.from({ length: failures }, (_, i) => lost(i)));
    expect(await withD1Retry(call, backoff)).toBe(failures + 1);
    expect(backoff.waits).toEqual(waits);
  });

  test("the fourth failure is thrown", async () => {
    const backoff = fakeBackoff(0);
    const { call, tries } = failing([lost(1), lost(2), lost(3), lost(4), lost(5)]);
    await expect(withD1Retry(call, backoff)).rejects.toThrow(lost(4));
    expect([tries(), backoff.waits]).toEqual([4, [50, 200, 800]]);
  });

  test.each(["no such table: segments", "D1 DB storage operation exceeded timeout which caused object to be reset."])(
    "throws %j at once, even after a transient error",
    async (message) => {
      const backoff = fakeBackoff(0);
      const other = new Error(`D1_ERROR: ${message}`);
      const { call, tries } = failing([lost(1), other, lost(2)]);
      await expect(withD1Retry(call, backoff)).rejects.toBe(other);
      expect([tries(), backoff.waits]).toEqual([2, [50]]);
    },
  );
});
