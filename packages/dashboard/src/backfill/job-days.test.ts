import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { KnownDay, BackfillSiteJob } from "./backfill-api.ts";
import { daysRevision, monthBlocks, shownState, troubledDays } from "./job-days.ts";
import { runningJob } from "./running-job.fixture.ts";

const BEFORE = "2026-11-20T00:00:00.000Z";
const SINCE = "2026-11-23T04:10:00.000Z";
const job = runningJob({});

function known(date: string, part: Partial<KnownDay> = {}): KnownDay {
  const file = {
    job_outcome: null,
    records: 1000,
    points: 10,
    bytes: 2000,
    source: "api" as const,
    reason: null,
    updated_at: BEFORE,
    settled_at: null,
    due_at: null,
  };
  return { date, state: "written", ...file, ...part };
}

describe("the state of a day in a backfill", () => {
  const state = (outcome: KnownDay["job_outcome"], part: Partial<KnownDay> = {}, of = job) =>
    shownState(known("2026-11-02", { job_outcome: outcome, ...part }), of);

  it("is the outcome of its attempt: a failed day with an older file shows as failed", () => {
    expect(state("failed", { reason: "503", updated_at: SINCE })).toBe("failed");
    expect(state("suspect")).toBe("suspect");
    expect(state("written")).toBe("written");
    expect(state("confirmed-empty", { state: "confirmed-empty" })).toBe("confirmed-empty");
  });

  it("is 'stored before' for a skipped day, unless its file is suspect now", () => {
    expect(state("skipped")).toBe("skipped");
    expect(state("skipped", { state: "suspect" })).toBe("suspect");
  });

  it("waits only while the backfill runs", () => {
    expect(state("pending", { state: "missing" })).toBe("pending");
    expect(state("pending", { state: "missing" }, runningJob({ status: "cancelled" }))).toBe("missing");
  });

  it("awaits settlement if nothing is stored and it is due, unless a backfill is first", () => {
    const due = { state: "missing", due_at: SINCE } as const;
    expect(shownState(known("2026-11-02", due), null)).toBe("awaiting");
    expect([state(null, due), state("pending", due)]).toEqual(["awaiting", "pending"]);
    expect(state("pending", due, runningJob({ status: "cancelled" }))).toBe("awaiting");
    expect(state(null, { state: "written", due_at: SINCE })).toBe("written");
  });

  it("is provisional if its file was built without the API, which will be asked again", () => {
    const built = { source: "d1", due_at: SINCE } as const;
    expect(shownState(known("2026-11-02", built), null)).toBe("provisional");
    expect([state(null, built), state("pending", built)]).toEqual(["provisional", "pending"]);
    expect(state(null, { ...built, due_at: null })).toBe("written");
  });

  it("is the manifest's state outside of the backfill", () => {
    expect(state(null)).toBe("written");
    expect(shownState(known("2026-11-02", { job_outcome: "failed" }), null)).toBe("written");
  });
});

it("lists days that failed, are suspect or kept an older file, not waiting ones", () => {
  const days = [
    known("2026-11-02", { state: "failed", reason: "503", updated_at: SINCE }),
    known("2026-11-03", { reason: "cut off", updated_at: SINCE }),
    known("2026-11-04"),
    known("2026-11-05", { state: "suspect", reason: "etag", job_outcome: "pending" }),
    known("2026-11-06", { job_outcome: "failed" }),
  ];
  const found = troubledDays(
    [
      { site: "b", days },
      { site: "a", days: days.slice(0, 1) },
    ],
    null,
  );
  expect(found.map((one) => `${one.date} ${one.site} ${one.state}: ${one.reason}`)).toEqual([
    "2026-11-02 a failed: 503",
    "2026-11-02 b failed: 503",
    "2026-11-03 b written: cut off",
    "2026-11-05 b suspect: etag",
  ]);
  const inJob = troubledDays([{ site: "a", days }], job);
  expect(inJob.map(({ date }) => date)).toEqual(["2026-11-02", "2026-11-03", "2026-11-06"]);
});

it("a calendar has each day once, at its weekday", () => {
  fc.assert(
    fc.property(fc.integer({ min: 15_000, max: 25_000 }), fc.integer({ min: 1, max: 100 }), (first, count) => {
      const dates = Array.from({ length: count }, (_, i) =>
        new Date((first + i) * 86_400_000).toISOString().slice(0, 10),
      );
      const blocks = monthBlocks(dates);
      expect(blocks.flatMap(({ weeks }) => weeks.flat()).filter((date) => date !== null)).toEqual(dates);
      for (const { month, weeks } of blocks) {
        for (const week of weeks) {
          expect(week).toHaveLength(7);
          for (const [i, date] of week.entries()) {
            if (date === null) continue;
            expect(date.slice(0, 7)).toBe(month);
            expect((new Date(date).getUTCDay() + 6) % 7).toBe(i);
          }
        }
      }
    }),
  );
});

it("loads days at most about a hundred times during a backfill, and at its end", () => {
  const total = 1827;
  const withDays = (part: Partial<BackfillSiteJob>) => runningJob({ sites: [{ ...job.sites[0]!, ...part }] });
  const during = Array.from({ length: total + 1 }, (_, i) =>
    daysRevision(withDays({ days_total: total, days_completed: i })),
  );
  expect(new Set(during).size).toBeLessThanOrEqual(101);
  expect(daysRevision(withDays({ days_completed: 4 }))).not.toBe(daysRevision(withDays({ days_completed: 3 })));
  expect(daysRevision(runningJob({ status: "completed" }))).not.toBe(daysRevision(runningJob({})));
});
