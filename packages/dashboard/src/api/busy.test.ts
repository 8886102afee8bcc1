import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fetchPatiently, onBusy } from "./busy.ts";

const busy = () => new Response("{}", { status: 503, headers: { "retry-after": "5" } });
let states: boolean[];

beforeEach(() => {
  vi.useFakeTimers();
  states = [];
  onBusy((isWaiting) => states.push(isWaiting));
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Answers in turn; the last one repeats. */
function server(...answers: (() => Response)[]) {
  const fetched = vi.fn<typeof fetch>(async () => (answers.length > 1 ? answers.shift()! : answers[0]!)());
  vi.stubGlobal("fetch", fetched);
  return fetched;
}

test("retries a busy server after Retry-After, and shows this meanwhile", async () => {
  const fetched = server(busy, () => new Response("data"));
  const answer = fetchPatiently("/a", {});
  await vi.advanceTimersByTimeAsync(4_999);
  expect(fetched).toHaveBeenCalledTimes(1);
  expect(states).toEqual([true]);
  await vi.advanceTimersByTimeAsync(1);
  expect(await (await answer).text()).toBe("data");
  expect(states).toEqual([true, false]);
});

test("gives up after five retries of a busy server", async () => {
  const fetched = server(busy);
  const answer = fetchPatiently("/a", {});
  await vi.advanceTimersByTimeAsync(25_000);
  expect((await answer).status).toBe(503);
  expect(fetched).toHaveBeenCalledTimes(6);
  expect(states.at(-1)).toBe(false);
});

test("does not retry a 503 without Retry-After", async () => {
  const fetched = server(() => new Response("{}", { status: 503 }));
  expect((await fetchPatiently("/a", {})).status).toBe(503);
  expect(fetched).toHaveBeenCalledTimes(1);
  expect(states).toEqual([]);
});

test("an outdated request stops waiting", async () => {
  const fetched = server(busy);
  const abort = new AbortController();
  const answer = fetchPatiently("/a", { signal: abort.signal });
  await vi.advanceTimersByTimeAsync(1_000);
  abort.abort(new Error("outdated"));
  await expect(answer).rejects.toThrow("outdated");
  await vi.advanceTimersByTimeAsync(60_000);
  expect(fetched).toHaveBeenCalledTimes(1);
  expect(states).toEqual([true, false]);
});
