import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DAY_MS, dayRange } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import type { SettleDay, SettleOutcome } from "../store/settle-days.ts";
import { afterRun, isLastStep, type KnownFile, planSettling, type SettleDays } from "./due-days.ts";

const DAY = 20_000;
const OFFSETS = [1, 3, 7];
const end = (day: number) => dayRange(day).end;
const END = end(DAY);

function row(over: Partial<SettleDay> = {}): SettleDay {
  const none = { settledAt: null, ranAt: null, attempts: 0, instance: null, outcome: null, reason: null };
  return { day: DAY, step: 0, dueAt: null, ...none, ...over };
}

function site(over: Partial<SettleDays> = {}): SettleDays {
  const none = { rows: [], hot: new Set<number>(), files: new Map<number, KnownFile>() };
  return { now: END, front: END, firstDay: DAY, offsets: OFFSETS, ...none, ...over };
}

/** Makes only the given days due. */
const QUIET = { front: null, offsets: [300] };

const dueAfter = (over: Partial<SettleDays>) => planSettling(site(over)).due;

describe("a closed day is due first", () => {
  test.each([
    ["two hours after its end if the front passed that time", 2 * HOUR_MS, END + 2 * HOUR_MS, DAY],
    ["not before", 2 * HOUR_MS, END + 2 * HOUR_MS - 1, null],
    ["a day after its end if the front lags", DAY_MS, END - 5 * DAY_MS, DAY],
    ["not before the day after its end", DAY_MS - 1, END - 5 * DAY_MS, null],
  ])("%s", (_, age, front, due) => {
    expect(dueAfter({ now: END + age, front })).toBe(due);
  });

  test("an open day is never due, in any state", () => {
    expect(dueAfter({ now: END - 1, front: END + DAY_MS, hot: new Set([DAY]) })).toBe(null);
  });

  test("a day before the first synced one is due only with segments", () => {
    const now = END + DAY_MS;
    expect(dueAfter({ now, firstDay: DAY + 1 })).toBe(null);
    expect(dueAfter({ now, firstDay: DAY + 1, hot: new Set([DAY - 900]) })).toBe(DAY - 900);
  });

  test("a deleted day is due only with newer samples", () => {
    const files = new Map([[DAY, { isDeleted: true, provenAt: null }]]);
    expect(dueAfter({ now: END + DAY_MS, firstDay: DAY, files, front: null })).toBe(null);
    expect(dueAfter({ now: END + DAY_MS, firstDay: DAY, files, hot: new Set([DAY]) })).toBe(DAY);
  });

  test("a day that a backfill fetched is due at its next step", () => {
    const proven = (days: number) => new Map([[DAY, { isDeleted: false, provenAt: END + days * DAY_MS }]]);
    const plan = (days: number, over: Partial<SettleDays> = {}) =>
      planSettling(site({ now: END + (days + 1) * DAY_MS, files: proven(days), ...over })).writes[0];
    expect(plan(0.5)).toMatchObject({ step: 0, settledAt: null });
    expect(plan(1)).toMatchObject({ step: 1, dueAt: END + 3 * DAY_MS, settledAt: END + DAY_MS });
    expect(plan(9)).toMatchObject({ step: 3, dueAt: null });
    const late = { hot: new Set([DAY]) };
    expect(plan(9, late)).toMatchObject({ step: 3, dueAt: END + 10 * DAY_MS });
  });
});

describe("late samples", () => {
  const hot = new Set([DAY]);
  const settled = row({ step: 3, settledAt: END, ranAt: END + 30 * DAY_MS });
  const last = settled.ranAt!;

  test("do not bring forward the next try of a failing day", () => {
    const failing = row({ step: 0, attempts: 5, ranAt: last, dueAt: last + 12 * HOUR_MS });
    const at = (now: number) => dueAfter({ ...QUIET, now, hot, rows: [failing] });
    expect([at(last + 12 * HOUR_MS - 1), at(last + 12 * HOUR_MS)]).toEqual([null, DAY]);
  });

  test("make a finished day due six hours after its last run", () => {
    const at = (now: number) => dueAfter({ ...QUIET, now, hot, rows: [settled] });
    expect([at(last + 6 * HOUR_MS - 1), at(last + 6 * HOUR_MS)]).toEqual([null, DAY]);
  });

  test("do not change a day that is being built", () => {
    const rows = [row({ ...settled, instance: "settle-1" })];
    expect(planSettling(site({ ...QUIET, now: last + DAY_MS, hot, rows })).writes).toEqual([]);
  });
});

test("never settled days come first, each group oldest first", () => {
  const now = END + 20 * DAY_MS;
  const again = row({ day: DAY, settledAt: END, dueAt: END + 3 * DAY_MS });
  const first = [DAY + 5, DAY + 3].map((day) => row({ day, dueAt: now - 1 }));
  const old = row({ day: DAY - 400, dueAt: 0 });
  const done: SettleDay[] = [];
  const order: number[] = [];
  for (;;) {
    const rows = [again, ...first, old].filter(({ day }) => !done.some((outcome) => outcome.day === day));
    const due = planSettling(site({ ...QUIET, now, firstDay: DAY + 20, rows })).due;
    if (due === null) break;
    order.push(due);
    done.push(row({ day: due }));
  }
  expect(order).toEqual([DAY - 400, DAY, DAY + 3, DAY + 5]);
  expect(planSettling(site({ ...QUIET, now, firstDay: DAY, rows: [again, ...first, old] })).due).toBe(DAY + 3);
});

describe("a day whose runs fail", () => {
  const now = END + 20 * DAY_MS;
  const failing = (day: number, over: Partial<SettleDay> = {}) =>
    row({ day, attempts: 5, ranAt: now - HOUR_MS, dueAt: now + HOUR_MS, ...over });
  const plan = (...rows: SettleDay[]) => planSettling(site({ ...QUIET, now, rows }));

  test("precedes a newer day that became due after its last run", () => {
    const younger = row({ day: DAY + 2, dueAt: now - 1 });
    const { writes, due } = plan(failing(DAY), failing(DAY + 1), younger);
    expect(due).toBe(DAY);
    expect(writes).toMatchObject([{ day: DAY, dueAt: now, ranAt: now - HOUR_MS }]);
  });

  test("does not delay a newer day for which it was already tried", () => {
    const younger = row({ day: DAY + 2, dueAt: now - 2 });
    const tried = failing(DAY, { ranAt: now - 1 });
    expect(plan(tried, younger)).toEqual({ writes: [], due: DAY + 2 });
    expect(plan(tried, failing(DAY + 1), younger).due).toBe(DAY + 1);
  });

  test("waits behind an older due day", () => {
    expect(plan(row({ day: DAY, dueAt: now }), failing(DAY + 1))).toEqual({ writes: [], due: DAY });
  });

  test("is not tried early if no newer day is due", () => {
    expect(plan(failing(DAY), failing(DAY + 1))).toEqual({ writes: [], due: null });
  });
});

describe("after a run", () => {
  const run = (outcome: SettleOutcome, days: number, over: Partial<SettleDay> = {}) => {
    const startedAt = END + days * DAY_MS;
    return afterRun(OFFSETS, row(over), { outcome, reason: null, startedAt, endedAt: startedAt + 1 });
  };
  const at = (days: number) => END + days * DAY_MS;

  test.each([
    ["the first step", run("settled", 0.1), { step: 1, dueAt: at(3), settledAt: at(0.1) }],
    ["steps passed without a run are done by one run", run("settled", 5), { step: 2, dueAt: at(7) }],
    ["all steps are done", run("settled", 40), { step: 3, dueAt: null }],
    ["a run for late samples is no step", run("settled", 2, { step: 1 }), { step: 1, dueAt: at(3) }],
    ["nothing new: the last step is next", run("unchanged", 3, { step: 1 }), { step: 2, dueAt: at(7) }],
    ["nothing new at the first step", run("unchanged", 0.1), { step: 2, dueAt: at(7) }],
    ["nothing new between two steps skips none", run("unchanged", 2, { step: 1 }), { step: 1, dueAt: at(3) }],
    ["nothing new between two steps, after a skip", run("unchanged", 2, { step: 2 }), { step: 2, dueAt: at(7) }],
    ["late samples cancel a skip", run("settled", 2, { step: 2 }), { step: 1, dueAt: at(3) }],
    ["nothing new at the last step", run("unchanged", 7, { step: 2 }), { step: 3, dueAt: null }],
    ["no samples yet", run("awaiting", 1), { step: 1, dueAt: at(3), settledAt: null }],
    ["a suspect file is checked again", run("suspect", 0.1), { step: 0, dueAt: at(1), settledAt: null }],
  ])("its steps: %s", (_, found, expected) => {
    expect(found).toMatchObject({ ...expected, attempts: 0 });
  });

  test("with one offset, an empty day is requested again after it", () => {
    const first = { outcome: "awaiting" as const, reason: null, startedAt: at(0.1), endedAt: at(0.1) };
    const { step, dueAt } = afterRun([1], row(), first);
    expect([step, dueAt]).toEqual([1, at(1)]);
    expect(isLastStep([1], DAY, dueAt!)).toBe(true);
    expect(afterRun([1], row({ step }), { ...first, startedAt: at(1) })).toMatchObject({ step: 1, dueAt: null });
  });

  test("retries an unanswered day after 1, 2, 4, 8, then every 12 hours", () => {
    const waits = [0, 1, 2, 3, 4, 50].map((attempts) => {
      const { dueAt, step, attempts: after } = run("segments-only", 1, { attempts, step: 1 });
      expect([step, after]).toEqual([1, attempts + 1]);
      return (dueAt! - at(1) - 1) / HOUR_MS;
    });
    expect(waits).toEqual([1, 2, 4, 8, 12, 12]);
  });
});

/** Checks each day independently: whether a run at these times requested it at or after each of its steps. */
test("requests each day at or after each step, and no more often", () => {
  const outcomes = fc.constantFrom<SettleOutcome>("settled", "settled", "awaiting", "segments-only", "failed");
  const offsets = fc.constantFrom([1], [1, 3, 7], [2, 5], [1, 30]);
  const downtimes = fc.array(fc.record({ from: fc.nat(40), days: fc.integer({ min: 1, max: 12 }) }), { maxLength: 3 });
  fc.assert(
    fc.property(offsets, downtimes, fc.infiniteStream(outcomes), fc.boolean(), (days, downs, stream, lags) => {
      const rows = new Map<number, SettleDay>();
      const asked = new Map<number, number[]>();
      const life = 45;
      // up in the last hour, for any downtimes
      const isDown = (hour: number) =>
        hour < life * 24 - 1 &&
        downs.some(({ from, days: length }) => hour >= from * 24 && hour < (from + length) * 24);
      for (let hour = 0; hour < life * 24; hour++) {
        const now = dayRange(DAY).start + hour * HOUR_MS;
        if (isDown(hour)) continue;
        const front = lags ? now - 30 * HOUR_MS : now;
        for (let built = 0; built < 3; built++) {
          const { writes, due } = planSettling(site({ now, front, rows: [...rows.values()], offsets: days }));
          for (const write of writes) rows.set(write.day, { ...row(), ...rows.get(write.day), ...write });
          if (due === null) break;
          const before = rows.get(due)!;
          expect(before.dueAt).toBeLessThanOrEqual(now);
          expect(now).toBeGreaterThanOrEqual(end(due));
          const outcome = stream.next().value;
          const after = afterRun(days, before, { outcome, reason: null, startedAt: now, endedAt: now + 1 });
          rows.set(due, { ...before, ...after, ranAt: now + 1 });
          if (outcome === "settled" || outcome === "awaiting") asked.set(due, [...(asked.get(due) ?? []), now]);
          if (outcome === "awaiting" && isLastStep(days, due, now)) expect(after.dueAt).toBe(null);
        }
      }
      const now = dayRange(DAY).start + life * DAY_MS;
      for (const { day, dueAt } of rows.values()) {
        const runs = asked.get(day) ?? [];
        // Never more runs than steps. With one step, a seemingly empty day is requested before and after it.
        expect(runs.length).toBeLessThanOrEqual(Math.max(2, days.length));
        for (const offset of days.slice(1)) {
          const isDone = runs.some((time) => time >= end(day) + offset * DAY_MS);
          // unfinished days become due at their time
          if (!isDone && dueAt === null) throw new Error(`day ${day - DAY} was never requested after ${offset} days`);
        }
      }
      // every day that was due has its row
      for (let day = DAY; end(day) + (days[0] ?? 0) * DAY_MS + DAY_MS <= now; day++) expect(rows.has(day)).toBe(true);
    }),
    { numRuns: 60 },
  );
});
