import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { newSite } from "../../test/points.ts";
import { type DayOutcome, type DaySelection, OUTCOMES, pendingDays, recordOutcome } from "./job-days.ts";
import { sitesAtWork } from "./instance-store.ts";
import { failedSpan } from "./failed-days.ts";
import { cancelJob, failJob, finishJob, readJob } from "./job-store.ts";
import { startJob } from "./start-job.ts";
import { readProgress } from "./progress.ts";

const DAY = 20_000;
const NOW = 1_760_000_000_000;

let db: D1Database;
let site: number;
let other: number;
beforeAll(async () => {
  db = await migratedDatabase();
  [site, other] = [await newSite(db, "a"), await newSite(db, "b")];
});
beforeEach(async () => {
  await db.batch(["backfill_days", "backfill_jobs", "day_files"].map((table) => db.prepare(`DELETE FROM ${table}`)));
});

let ids = 0;
/** Starts a job over the days DAY to DAY + days - 1. */
function start(days: number, selection: DaySelection = "unfinished", siteIds = [site], id = `backfill_${ids++}`) {
  const range = { first: DAY, last: DAY + days - 1 };
  return startJob(db, { backfillId: id, range, siteIds, selection }, NOW + ids);
}

async function manifest(day: number, state: string, source: string | null): Promise<void> {
  await db
    .prepare("INSERT INTO day_files (site_id, day, state, source, updated_at) VALUES (?1, ?2, ?3, ?4, 0)")
    .bind(site, day, state, source)
    .run();
}

const written: DayOutcome = {
  outcome: "written",
  records: 7,
  rejected: {},
  key: "k",
  reason: null,
};
const failed: DayOutcome = { ...written, outcome: "failed", records: 0, key: null, reason: "the upstream broke" };

describe("starting a job", () => {
  it("begins one job with its days", async () => {
    const job = await start(3, "unfinished", [site, other]);
    expect(job).toMatchObject({ status: "in_progress", epoch: 0, range: { first: DAY, last: DAY + 2 }, reason: null });
    expect(await start(1)).toBeNull();
    expect(await pendingDays(db, job!, site, 10)).toEqual([DAY, DAY + 1, DAY + 2]);
    expect(await pendingDays(db, job!, other, 2)).toEqual([DAY, DAY + 1]);
    expect(await sitesAtWork(db, job!.backfillId)).toEqual([
      { site: { id: site, name: "a" }, number: null, consecutiveFailures: 0 },
      { site: { id: other, name: "b" }, number: null, consecutiveFailures: 0 },
    ]);
  });

  it("returns the same job when its answer was lost", async () => {
    const job = await start(2, "unfinished", [site], "backfill_same");
    await recordOutcome(db, "backfill_same", site, DAY, written, NOW);
    expect(await start(2, "unfinished", [site], "backfill_same")).toMatchObject({ backfillId: job!.backfillId });
    expect(await pendingDays(db, job!, site, 10)).toEqual([DAY + 1]);
  });

  it("skips exactly the days that the upstream proved complete", async () => {
    await manifest(DAY, "written", "api");
    await manifest(DAY + 1, "confirmed-empty", "api");
    await manifest(DAY + 2, "written", "d1");
    await manifest(DAY + 3, "suspect", "api");
    await manifest(DAY + 4, "failed", null);
    const job = await start(6);
    expect(await pendingDays(db, job!, site, 10)).toEqual([DAY + 2, DAY + 3, DAY + 4, DAY + 5]);
    expect((await readProgress(db))?.sites).toMatchObject([{ total: 6, skipped: 2, pending: 4, current: DAY + 2 }]);
  });

  it("fetches every day again with force", async () => {
    await manifest(DAY, "written", "api");
    const job = await start(2, "all");
    expect(await pendingDays(db, job!, site, 10)).toEqual([DAY, DAY + 1]);
  });

  it("completes at once without unfinished days", async () => {
    await manifest(DAY, "written", "api");
    expect(await start(1)).toMatchObject({ status: "completed" });
    expect(await start(1)).toMatchObject({ status: "completed" });
  });

  it("selects failed days of the manifest and of the previous job", async () => {
    await manifest(DAY, "written", "api");
    await manifest(DAY + 1, "failed", null);
    await manifest(DAY + 2, "suspect", "api");
    await manifest(DAY + 3, "written", "api");
    const first = await start(5, "all");
    await recordOutcome(db, first!.backfillId, site, DAY + 3, failed, NOW);
    await cancelJob(db, NOW);
    const span = (id: number, from: number, to: number) =>
      failedSpan(db, [{ id, name: "a" }], { first: DAY + from, last: DAY + to });
    expect(await span(site, 0, 4)).toEqual({ first: DAY + 1, last: DAY + 3 });
    expect(await span(site, 2, 2)).toEqual({ first: DAY + 2, last: DAY + 2 });
    expect(await span(site, 3, 9)).toEqual({ first: DAY + 3, last: DAY + 3 });
    expect(await span(site, 4, 9)).toBeNull();
    expect(await span(other, 0, 4)).toBeNull();
    const again = await start(5, "failed");
    expect(await pendingDays(db, again!, site, 10)).toEqual([DAY + 1, DAY + 2, DAY + 3]);
    expect((await readProgress(db))?.sites).toMatchObject([{ total: 3, skipped: 0 }]);
  });
});

describe("ending a job", () => {
  it("completes with the last day of the last site", async () => {
    const job = await start(1, "all", [site, other]);
    await recordOutcome(db, job!.backfillId, site, DAY, written, NOW);
    await finishJob(db, job!, NOW);
    expect((await readJob(db))?.status).toBe("in_progress");
    await recordOutcome(db, job!.backfillId, other, DAY, failed, NOW);
    await finishJob(db, job!, NOW);
    expect(await readJob(db)).toMatchObject({ status: "completed", reason: null });
    expect((await readJob(db))?.status).not.toBe("in_progress");
  });

  it("fails when every day failed", async () => {
    const job = await start(2, "all");
    for (const day of [DAY, DAY + 1]) await recordOutcome(db, job!.backfillId, site, day, failed, NOW);
    await finishJob(db, job!, NOW);
    expect(await readJob(db)).toMatchObject({
      status: "failed",
      reason: "every day failed; the first one: the upstream broke",
    });
  });

  it("a cancel keeps finished days and allows the next start", async () => {
    const job = await start(3);
    await recordOutcome(db, job!.backfillId, site, DAY, written, NOW);
    expect(await cancelJob(db, NOW)).toMatchObject({ backfillId: job!.backfillId, status: "cancelled", epoch: 1 });
    expect((await readJob(db))?.status).not.toBe("in_progress");
    expect(await cancelJob(db, NOW)).toBeNull();
    await finishJob(db, job!, NOW);
    await failJob(db, job!, "late", NOW);
    expect(await readJob(db)).toMatchObject({ status: "cancelled", reason: null });
    expect(await start(3)).toMatchObject({ status: "in_progress" });
  });

  it("fails with a reason", async () => {
    const job = await start(3);
    await failJob(db, { ...job!, epoch: 7 }, "of another epoch", NOW);
    expect((await readJob(db))?.status).toBe("in_progress");
    await failJob(db, job!, "no engine", NOW);
    expect(await readJob(db)).toMatchObject({ status: "failed", reason: "no engine" });
  });
});

it("marks a failure in the manifest and keeps a written file's state", async () => {
  await manifest(DAY, "written", "api");
  const job = await start(2, "all");
  for (const day of [DAY, DAY + 1]) await recordOutcome(db, job!.backfillId, site, day, failed, NOW);
  const { results } = await db.prepare("SELECT day, state, reason FROM day_files ORDER BY day").all();
  expect(results).toEqual([
    { day: DAY, state: "written", reason: "the upstream broke" },
    { day: DAY + 1, state: "failed", reason: "the upstream broke" },
  ]);
});

it("counts each outcome separately", async () => {
  const outcomes = OUTCOMES.filter((outcome) => outcome !== "pending" && outcome !== "skipped");
  const job = await start(outcomes.length + 1, "all");
  for (const [i, outcome] of outcomes.entries()) {
    await recordOutcome(
      db,
      job!.backfillId,
      site,
      DAY + i,
      { ...written, outcome, records: 10 ** i, rejected: { null: i } },
      NOW + i,
    );
  }
  expect(await readProgress(db)).toMatchObject({
    sites: [
      {
        site: "a",
        total: 5,
        pending: 1,
        skipped: 0,
        written: 1,
        empty: 1,
        suspect: 1,
        failed: 1,
        records: 1111,
        rejected: { null: 6 },
        current: DAY + 4,
      },
    ],
    finishedAt: [NOW, NOW + 1],
  });
});
