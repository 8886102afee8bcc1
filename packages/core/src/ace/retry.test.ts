import { describe, expect, it } from "vitest";
import { AceError } from "./ace-error.ts";
import { parseRetryAfter, RETRY_AFTER_CAP_MS, withRetries } from "./retry.ts";

const http = (status: number, retryAfterMs?: number) => new AceError("http", "/x", "", { status, retryAfterMs });

/** Runs a call with the given failures before its success. Returns the waits and the outcome. */
async function run(
  failures: Error[],
  { random = 1, deadline = Number.POSITIVE_INFINITY, onFailure = (): boolean => false } = {},
) {
  const waits: number[] = [];
  let clock = 1_000_000;
  let calls = 0;
  const policy = {
    retries: 3,
    backoffMs: 2000,
    sleep: async (ms: number) => {
      waits.push(ms);
      clock += ms;
    },
    random: () => random,
    now: () => clock,
  };
  const call = async () => {
    const failure = failures[calls++];
    if (failure !== undefined) throw failure;
    return "done";
  };
  const outcome = await withRetries(call, policy, { deadline: 1_000_000 + deadline, onFailure }).catch(
    (error: unknown) => error,
  );
  return { waits, calls, outcome };
}

describe("withRetries", () => {
  it.each([
    [0, [1000, 2000, 4000]],
    [0.5, [1500, 3000, 6000]],
    [1, [2000, 4000, 8000]],
  ])("waits 2, 4 and 8 s with equal jitter (random %d)", async (random, expected) => {
    expect(await run([http(503), http(503), http(503)], { random })).toEqual({
      waits: expected,
      calls: 4,
      outcome: "done",
    });
  });

  it("throws the last failure after three retries", async () => {
    const last = http(502);
    const result = await run([http(503), http(500), http(429), last, http(504)]);
    expect(result.calls).toBe(4);
    expect(result.outcome).toBe(last);
  });

  it.each([
    ["408", http(408), true],
    ["429", http(429), true],
    ["500", http(500), true],
    ["502", http(502), true],
    ["503", http(503), true],
    ["504", http(504), true],
    ["599", http(599), true],
    ["network", new AceError("network", "/x", ""), true],
    ["timeout", new AceError("timeout", "/x", ""), true],
    ["broken body", new AceError("broken_body", "/x", ""), true],
    ["not JSON", new AceError("not_json", "/x", ""), true],
    ["body too large", new AceError("body_too_large", "/x", ""), false],
    ["204", http(204), false],
    ["308", http(308), false],
    ["400", http(400), false],
    ["401", http(401), false],
    ["403", http(403), false],
    ["404", http(404), false],
    ["not a page", new AceError("not_a_page", "/x", ""), false],
    ["deadline", new AceError("deadline", "/x", ""), false],
    ["a programming error", new TypeError("bug"), false],
  ])("%s: retried %s", async (_, failure, retried) => {
    const result = await run([failure]);
    expect(result.calls).toBe(retried ? 2 : 1);
    expect(result.outcome).toBe(retried ? "done" : failure);
  });

  it("waits as the upstream demands, from the backoff up to the cap", async () => {
    expect((await run([http(429, 30_000)])).waits).toEqual([30_000]);
    expect((await run([http(429, 0)])).waits).toEqual([2000]);
    expect((await run([http(429, 3_600_000)])).waits).toEqual([RETRY_AFTER_CAP_MS]);
  });

  it("throws the failure at once if the wait would reach the deadline", async () => {
    const second = http(503);
    // the first wait took 2 s, and the second one would end exactly at 6 s
    expect(await run([http(503), second], { deadline: 6000 })).toEqual({ waits: [2000], calls: 2, outcome: second });
    expect(await run([http(503), second], { deadline: 6001 })).toMatchObject({ waits: [2000, 4000], outcome: "done" });
    expect((await run([http(429, 20_000)], { deadline: 20_000 })).waits).toEqual([]);
  });

  it("restarts count and backoff when the next try is a different one", async () => {
    const failures = Array.from({ length: 5 }, () => http(503));
    let seen = 0;
    const result = await run(failures, { onFailure: () => ++seen === 3 });
    expect(result.waits).toEqual([2000, 4000, 2000, 4000, 8000]);
    expect(result.outcome).toBe("done");
  });
});

describe("parseRetryAfter", () => {
  const now = Date.UTC(2025, 9, 21, 7, 28, 0);
  it.each([
    [null, undefined],
    ["", undefined],
    ["0", 0],
    ["120", 120_000],
    [" 5 ", 5000],
    ["-5", undefined],
    ["1.5", undefined],
    ["soon", undefined],
    ["2025", 2_025_000],
    ["Tue, 21 Oct 2025 07:28:30 GMT", 30_000],
    ["Tue, 21 Oct 2025 07:27:00 GMT", 0],
    ["Tuesday, 21-Oct-25 07:28:30 GMT", 30_000],
    ["Tue, nonsense", undefined],
  ])("%j", (header, ms) => {
    expect(parseRetryAfter(header, now)).toBe(ms);
  });
});
