import { describe, expect, it } from "vitest";
import type { BackfillStatus } from "./backfill-client.ts";
import { formatBackfillEnd, isComplete } from "./format-backfill.ts";
import { logScreen, watchBackfill } from "./watch-backfill.ts";
import { WorkerRefused, WorkerUnreachable } from "./worker-client.ts";

const STATUS: BackfillStatus = {
  status: "in_progress",
  backfill_id: "backfill_1_a",
  days_completed: 1,
  days_total: 4,
  days_failed: 0,
  days_suspect: 0,
  days_empty: 0,
  days_skipped: 0,
  progress_percent: "25.00",
  records_processed: 1000,
  start_date: "2024-01-01",
  end_date: "2024-01-04",
  current_date: "2024-01-02",
  started_at: "2024-02-01T00:00:00.000Z",
  last_updated: "2024-02-01T00:01:05.000Z",
  rate: { days_per_hour: 2 },
  estimated_completion: null,
  reason: null,
  sites: [],
  queue: [],
};
const DONE: BackfillStatus = { ...STATUS, status: "completed", days_completed: 4, progress_percent: "100.00" };

/** Watches a Worker that gives these answers, one per poll; the last one repeats. */
async function watch(...answers: (BackfillStatus | Error)[]) {
  const shown: string[] = [];
  let now = 0;
  let polls = 0;
  const client = {
    status: async () => {
      const answer = answers[Math.min(polls++, answers.length - 1)]!;
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
  const screen = logScreen(
    (line) => shown.push(line),
    () => now,
  );
  const end = await watchBackfill(client, screen, async (ms) => (now += ms)).then(
    (status) => status.status,
    (error: unknown) => error,
  );
  return { shown: shown.map((line) => line.split("  ")[1] ?? line), end, seconds: now / 1000 };
}

const away = new WorkerUnreachable("http://here", null);
const ill = new WorkerRefused(503, "The database did not answer.");

describe("a log of the progress", () => {
  it("has a line when a day ends in any way, and when the backfill ends", async () => {
    const { shown, end } = await watch(
      STATUS,
      STATUS,
      { ...STATUS, days_failed: 1 },
      { ...STATUS, days_completed: 3, days_failed: 1 },
      { ...STATUS, days_completed: 3, days_failed: 1, status: "cancelled" },
    );
    expect(shown).toEqual(["1 of 4 days", "1 of 4 days", "3 of 4 days", "3 of 4 days"]);
    expect(end).toBe("cancelled");
  });

  it("has a line every 10 s while no day ends", async () => {
    const { shown, seconds } = await watch(...Array.from({ length: 16 }, () => STATUS), DONE);
    expect(seconds).toBe(32);
    expect(shown).toEqual([...Array.from({ length: 4 }, () => "1 of 4 days"), "4 of 4 days"]);
  });
});

describe("a Worker that does not answer", () => {
  it.each([away, ill])("for a while is reported once, and asked again", async (error) => {
    const { shown, end } = await watch(STATUS, error, error, error, DONE);
    expect(shown).toEqual(["1 of 4 days", `${error.message} Trying again.`, "4 of 4 days"]);
    expect(end).toBe("completed");
  });

  it("for more than a minute ends the watch", async () => {
    const { end, seconds } = await watch(STATUS, away);
    expect(end).toBe(away);
    expect(seconds).toBe(62);
  });

  it("from the start ends the watch at once", async () => {
    expect(await watch(away)).toEqual({ shown: [], end: away, seconds: 0 });
  });

  it("but refuses ends the watch at once", async () => {
    const gone = new WorkerRefused(401, "no");
    expect(await watch(STATUS, gone)).toMatchObject({ end: gone, seconds: 2 });
  });
});

describe("the result of a backfill", () => {
  it.each<[string, Partial<BackfillStatus>, boolean, string[]]>([
    ["whole", {}, true, ["done     4 of 4 days, 1,000 samples, in 1 min"]],
    [
      "with days stored before, and days without samples",
      { days_skipped: 2, days_empty: 1 },
      true,
      ["done     4 of 4 days, 1,000 samples, in 1 min", "         of these 2 were there before, 1 had no samples"],
    ],
    [
      "with failed days",
      { days_completed: 1, days_failed: 2, days_suspect: 1 },
      false,
      [
        "done     1 of 4 days, 1,000 samples, in 1 min",
        "         3 days FAILED. Which, and why:",
        "  curl 'http://here/backfill/days?from=2024-01-01&to=2024-01-04'",
        "         To try them again: npm run backfill -- --retry-failed",
      ],
    ],
    [
      "cancelled",
      { status: "cancelled", days_completed: 1, days_total: 1, records_processed: 1 },
      false,
      ["stopped  1 of 1 day, 1 sample, in 1 min", "         to go on, start it again: finished days are skipped"],
    ],
    [
      "failed",
      { status: "failed", days_completed: 0, reason: "the Workflow could not be started" },
      false,
      ["failed   0 of 4 days, 1,000 samples, in 1 min", "         the Workflow could not be started"],
    ],
  ])("%s", (_, change, whole, lines) => {
    const status = { ...DONE, ...change };
    expect(formatBackfillEnd(status, "http://here")).toEqual(lines);
    expect(isComplete(status)).toBe(whole);
  });
});
