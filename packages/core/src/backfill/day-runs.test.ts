import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { newSite } from "../../test/points.ts";
import type { PlacedSite } from "./backfill-site.ts";
import { readDayRuns } from "./day-runs.ts";
import { type DayOutcome, type DaySelection, pendingDays, recordOutcome } from "./job-days.ts";
import { failedSpan } from "./failed-days.ts";
import { cancelJob } from "./job-store.ts";
import { startJob } from "./start-job.ts";

const DAY = 20_000;
const RANGE = { first: DAY, last: DAY + 7 };

let db: D1Database;
/** the same site twice: once with its manifest here, once under another id with its manifest in another database */
let here: number;
let guest: number;
beforeAll(async () => {
  db = await migratedDatabase();
  [here, guest] = [await newSite(db, "here"), await newSite(db, "guest")];
});

const failed: DayOutcome = {
  outcome: "failed",
  records: 0,
  rejected: {},
  key: null,
  reason: "the upstream broke",
};
const arbitraryDay = fc.constantFrom<[string | null, string | null]>(
  [null, null],
  ["written", "api"],
  ["written", "d1"],
  ["confirmed-empty", "api"],
  ["suspect", "api"],
  ["failed", null],
);

test("days are chosen alike whether the manifest is here or elsewhere", async () => {
  let jobs = 0;
  const property = fc.asyncProperty(
    fc.array(arbitraryDay, { minLength: 8, maxLength: 8 }),
    fc.constantFrom<DaySelection>("unfinished", "all", "failed"),
    fc.uniqueArray(fc.integer({ min: 0, max: 7 }), { maxLength: 3 }),
    async (days, selection, failedBefore) => {
      await db.batch(
        ["backfill_days", "backfill_jobs", "day_files"].map((table) => db.prepare(`DELETE FROM ${table}`)),
      );
      const placed = { id: guest, name: "guest", elsewhere: { db, site: { id: here, name: "guest" } } };
      const begin = async (chosen: DaySelection) => {
        const elsewhere = await readDayRuns([placed], RANGE);
        return startJob(
          db,
          { backfillId: `b${jobs++}`, range: RANGE, siteIds: [here], elsewhere, selection: chosen },
          jobs,
        );
      };
      const before = await begin("all");
      for (const id of [here, guest]) {
        for (const day of failedBefore) {
          await recordOutcome(db, before!.backfillId, id, DAY + day, failed, 1, { db, siteId: here });
        }
      }
      await cancelJob(db, 1);
      await db.prepare("DELETE FROM day_files").run();
      const insert = `INSERT INTO day_files
        (site_id, day, state, source, key, etag, sha256, bytes, rows, points, updated_at)
        VALUES (?1, ?2, ?3, ?4, 'k', 'e', 's', 1, ?2 - 19000, 1, 0)`;
      for (const [i, [state, source]] of days.entries()) {
        if (state !== null)
          await db
            .prepare(insert)
            .bind(here, DAY + i, state, source)
            .run();
      }
      const span = (placedSite: PlacedSite) => failedSpan(db, [placedSite], RANGE);
      expect(await span(placed)).toEqual(await span({ id: here, name: "here" }));
      const job = await begin(selection);
      const pending = await pendingDays(db, job!, here, 10);
      expect(await pendingDays(db, job!, guest, 10)).toEqual(pending);
      const outcomes =
        "SELECT day, outcome, records FROM backfill_days WHERE backfill_id = ?1 AND site_id = ?2 ORDER BY day";
      const outcomesOf = async (id: number) => (await db.prepare(outcomes).bind(job!.backfillId, id).all()).results;
      expect(await outcomesOf(guest)).toEqual(await outcomesOf(here));
    },
  );
  await fc.assert(property, { numRuns: 25 });
});
