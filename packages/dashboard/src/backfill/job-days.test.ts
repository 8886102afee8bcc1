import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { KnownDay, SiteJob } from "./backfill-api.ts";
import { daysRevision, monthBlocks, shownState, troubledDays } from "./job-days.ts";
import { runningJob } from "./running-job.fixture.ts";

const BEFORE = "2026-11-20T00:00:00.000Z";
const SINCE = "2026-11-23T04:10:00.000Z";
const job = runningJob({});
const site = job.sites[0]!;

function known(date: string, part: Partial<KnownDay> = {}): KnownDay {
  const file = { records: 1000, points: 10, bytes: 2000, source: "api", reason: null, updated_at: BEFORE };
  return { date, state: "written", ...file, ...part };
}
const missing = (date: string) => known(date, { state: "missing", source: null, updated_at: null });
const seen = (day: KnownDay, part: Partial<SiteJob> = {}, of = job) => shownState(day, of, { ...site, ...part });

describe("what a day is to a backfill", () => {
  it("is what the backfill made of it", () => {
    expect(seen(known("2026-11-02", { updated_at: SINCE }))).toBe("written");
    expect(seen(known("2026-11-02", { state: "failed", updated_at: SINCE, reason: "503" }))).toBe("failed");
    expect(seen(missing("2026-11-02"))).toBe("missing");
  });

  it("was there before, where it is finished and skipped", () => {
    expect(seen(known("2026-11-02"), { days_skipped: 1 })).toBe("skipped");
    expect(seen(known("2026-11-08"), { days_skipped: 1 })).toBe("skipped");
    expect(seen(known("2026-11-08", { state: "empty-confirmed" }), { days_skipped: 1 })).toBe("skipped");
  });

  it("waits, where the backfill is yet to come to it", () => {
    expect(seen(missing("2026-11-08"))).toBe("pending");
    // archived from the sync's samples: the API may have more
    expect(seen(known("2026-11-08", { source: "d1" }), { days_skipped: 1 })).toBe("pending");
    // nothing is skipped: finished days are done again
    expect(seen(known("2026-11-08"))).toBe("pending");
    expect(seen(missing("2026-11-08"), {}, runningJob({ status: "cancelled" }))).toBe("missing");
    expect(seen(missing("2026-11-08"), { current_date: null })).toBe("missing");
  });

  it("of those that are tried again waits only where it had failed", () => {
    const retried = { days_total: 2 };
    expect(seen(known("2026-11-08", { state: "failed", reason: "503" }), retried)).toBe("pending");
    expect(seen(known("2026-11-08"), retried)).toBe("skipped");
    expect(seen(missing("2026-11-08"), retried)).toBe("missing");
  });

  it("is what the manifest says, outside of it", () => {
    expect(shownState(known("2026-11-02"), null, null)).toBe("written");
    expect(seen(known("2026-12-02"))).toBe("written");
  });
});

it("days to look at are those that failed, are suspect or kept an older file, but not those that wait", () => {
  const days = [
    known("2026-11-02", { state: "failed", reason: "503", updated_at: SINCE }),
    known("2026-11-03", { reason: "cut off", updated_at: SINCE }),
    known("2026-11-04"),
    known("2026-11-05", { state: "suspect", reason: "etag" }),
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
  expect(inJob.map(({ date }) => date)).toEqual(["2026-11-02", "2026-11-03"]);
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

it("days are asked for at most about a hundred times while a backfill goes on, and when it ends", () => {
  const total = 1827;
  const during = Array.from({ length: total + 1 }, (_, i) =>
    daysRevision(runningJob({ days_total: total, days_completed: i })),
  );
  expect(new Set(during).size).toBeLessThanOrEqual(101);
  expect(daysRevision(runningJob({ days_completed: 4 }))).not.toBe(daysRevision(runningJob({ days_completed: 3 })));
  expect(daysRevision(runningJob({ status: "completed" }))).not.toBe(daysRevision(runningJob({})));
});
