import { describe, expect, test } from "vitest";
import { Admission, type AdmissionLimits } from "./admission.ts";

const LIMITS: AdmissionLimits = { values: 100, smallValues: 20, small: 10, waitMs: 40, leaseMs: 1_000 };

function admissionAt(limits: Partial<AdmissionLimits> = {}) {
  const clock = { now: 0 };
  const admission = new Admission({ ...LIMITS, ...limits }, () => clock.now);
  const order: string[] = [];
  const enter = async (name: string, values: number, signal = new AbortController().signal) => {
    const permit = await admission.enter(values, signal);
    order.push(name);
    return permit;
  };
  return { admission, clock, order, enter };
}

describe("admission limits the values that requests hold", () => {
  test("requests that do not fit are admitted in the order of arrival", async () => {
    const { admission, order, enter } = admissionAt();
    const first = await enter("a", 60);
    const [second, third] = [enter("b", 50), enter("c", 40)];
    await Promise.resolve();
    // would fit beside a, but b arrived before c
    expect(order).toEqual(["a"]);
    expect(admission.state).toEqual({ held: 60, waiting: 2 });
    first.release();
    await Promise.all([second, third]);
    expect(order).toEqual(["a", "b", "c"]);
    expect(admission.state).toEqual({ held: 90, waiting: 0 });
  });

  test("a request larger than the capacity runs alone", async () => {
    const { admission, enter } = admissionAt();
    const giant = await enter("giant", 1_000);
    const other = enter("other", 11);
    expect(admission.state).toEqual({ held: 100, waiting: 1 });
    giant.release();
    await other;
    expect(admission.state).toEqual({ held: 11, waiting: 0 });
  });

  test("small requests have room beside the largest one", async () => {
    const { order, enter } = admissionAt();
    await enter("giant", 1_000);
    const waiting = enter("large", 11);
    await enter("small", 10);
    await enter("small too", 10);
    expect(order).toEqual(["giant", "small", "small too"]);
    await expect(waiting).rejects.toMatchObject({ code: "busy" });
  });

  test("a request that waits too long is refused, and the next is admitted", async () => {
    const { admission, order, enter } = admissionAt();
    const held = await enter("held", 60);
    const refused = enter("refused", 90);
    await expect(refused).rejects.toMatchObject({ code: "busy", status: 503 });
    expect(admission.state).toEqual({ held: 60, waiting: 0 });
    await enter("next", 40);
    held.release();
    expect(order).toEqual(["held", "next"]);
  });

  test("a second release of a share has no effect", async () => {
    const { admission, enter } = admissionAt();
    const [first, second] = [await enter("a", 60), await enter("b", 30)];
    first.release();
    first.release();
    first.shrinkTo(0);
    expect(admission.state.held).toBe(30);
    second.release();
    expect(admission.state.held).toBe(0);
  });

  test("a share that shrinks admits the next request, and a share never grows", async () => {
    const { admission, order, enter } = admissionAt();
    const first = await enter("a", 100);
    const second = enter("b", 70);
    first.shrinkTo(30);
    await second;
    first.shrinkTo(90);
    expect(order).toEqual(["a", "b"]);
    expect(admission.state.held).toBe(100);
  });

  test("a client that disconnects frees its share or its place in the queue", async () => {
    const { admission, order, enter } = admissionAt();
    const [holder, waiter] = [new AbortController(), new AbortController()];
    const held = await enter("holder", 100, holder.signal);
    const left = enter("waiter", 100, waiter.signal);
    const last = enter("last", 100);
    waiter.abort(new Error("gone"));
    await expect(left).rejects.toThrow("gone");
    holder.abort(new Error("gone too"));
    await last;
    held.release();
    expect(order).toEqual(["holder", "last"]);
    expect(admission.state).toEqual({ held: 100, waiting: 0 });
    await expect(enter("late", 1, holder.signal)).rejects.toThrow("gone too");
  });

  test("a request without progress loses its share after the lease", async () => {
    const { admission, clock, enter } = admissionAt();
    const dead = await enter("dead", 60);
    const alive = await enter("alive", 40);
    clock.now = 900;
    alive.touch();
    clock.now = 1_001;
    await enter("next", 60);
    expect(admission.state.held).toBe(100);
    dead.release();
    expect(admission.state.held).toBe(100);
  });
});
