import { beforeAll, expect, test, vi } from "vitest";
import { CrashPoint } from "../../test/crash-point.ts";
import { migratedDatabase } from "../../test/database.ts";
import { meteredDatabase } from "../../test/metered-database.ts";
import { MonthSite } from "../../test/month-site.ts";
import { MemoryEngine } from "../../test/memory-engine.ts";
import { parseDay } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { monthOf } from "../domain/month.ts";

/** Cloudflare's limit of D1 statements of an invocation; a Workflow instance counts as one. */
const D1_QUERIES = 1_000;
/** The project's limit of rows in a transaction. */
const MOST_ROWS = 1_000;
const LARGE_SITE = 10_000;
const POINTS = 512;
const MONTH = monthOf(parseDay("2025-10-01")!);

vi.setConfig({ testTimeout: 60_000 });
beforeAll(() => {
  vi.spyOn(console, "log").mockImplementation(() => undefined);
});

test("a month of 10,000 points keeps the limits of D1", async () => {
  const names = Array.from({ length: POINTS }, (_, i) => `p${String(i).padStart(4, "0")}`);
  const site = await MonthSite.of(await migratedDatabase(), "ses_month_cost", MONTH, names);
  const days = Array.from({ length: 31 }, (_, i) => i + 1);
  await site.settleAll(days, () => names.map((_, point) => [point, (point % 24) * HOUR_MS, point / 3]));
  await site.supervise();
  let statements = 0;
  let packing = 0;
  const rows: number[] = [];
  const db = meteredDatabase(site.db, (transaction) => {
    statements += transaction.queries.length;
    if (transaction.queries.some((query) => query.includes("point_months"))) packing += transaction.queries.length;
    rows.push(transaction.rows);
  });
  await site.run(new MemoryEngine(), new CrashPoint(Number.POSITIVE_INFINITY, "before"), undefined, db);
  expect(await site.row()).toMatchObject({ generation: 1, located: 1, reason: null });
  expect(packing).toBeGreaterThan(0);
  expect(statements - packing + packing * (LARGE_SITE / POINTS)).toBeLessThan(D1_QUERIES / 2);
  expect(Math.max(...rows)).toBeLessThanOrEqual(MOST_ROWS);
  // A row per point, and a row per block of 16 and day, which moves away and back; ids begin within a block.
  const blocks = POINTS / 16 + 1;
  expect(rows.reduce((sum, n) => sum + n, 0)).toBeLessThan(POINTS + 2 * 31 * blocks + 50);
}, 180_000);
