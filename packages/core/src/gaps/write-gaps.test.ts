import { beforeAll, expect, test } from "vitest";
import { CrashPoint, isWrite } from "../../test/crash-point.ts";
import { migratedDatabase } from "../../test/database.ts";
import { newPoints, newSite } from "../../test/points.ts";
import { dayRange } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import type { Gap } from "./gap.ts";
import { recordFingerprint } from "./gap-days.ts";
import { beginSite, readScannedSites } from "./gap-sites.ts";
import { readDueGaps } from "./gap-store.ts";
import { beginFilling, noteInquiries, writeChanges } from "./write-gaps.ts";

const DAY = 20_373;
const { start: START, end: END } = dayRange(DAY);
const POINTS = 700;

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
});

const tokenOf = async (siteId: number) => (await readScannedSites(db, [siteId])).get(siteId)!.token;

/** A site with one gap per point. */
async function siteWithGaps(name: string): Promise<{ siteId: number; gaps: Gap[] }> {
  const siteId = await newSite(db, name);
  const ids = await newPoints(
    db,
    siteId,
    Array.from({ length: POINTS }, (_, i) => `${name}/${i}`),
  );
  const inquiry = { attempts: 0, nextAttemptAt: END, lastError: null, proofs: 0, proofBeganAt: null, provedTo: null };
  const written = ids.map((pointId): Gap => {
    const about = {
      siteId,
      pointId,
      start: START,
      end: START + HOUR_MS,
      state: "open",
      cause: "point_silent",
    } as const;
    return { ...about, ...inquiry, detectedAt: END, resolvedAt: null, recovered: 0, filledTo: null };
  });
  await beginSite(db, siteId, DAY);
  await writeChanges(db, siteId, await tokenOf(siteId), { removed: [], written }, null, END);
  await recordFingerprint(db, siteId, await tokenOf(siteId), { day: DAY, fingerprint: "scanned" }).run();
  return { siteId, gaps: await readDueGaps(db, siteId, END) };
}

const printsOf = (siteId: number) =>
  db.prepare("SELECT count(*) AS n FROM gap_days WHERE site_id = ?1").bind(siteId).first<number>("n");

/** The database fails after its first write. */
const dying = () => new CrashPoint(0, "after", isWrite).database(db);

test("a crash while storing filled gaps leaves the others due", async () => {
  const { siteId, gaps } = await siteWithGaps("ses_notes");
  const token = await tokenOf(siteId);
  const inquired = gaps.map((gap) => ({ gap: { ...gap, attempts: 1, nextAttemptAt: END + 1 }, filledDays: [DAY] }));
  await expect(noteInquiries(dying(), siteId, inquired)).rejects.toThrow("died");
  const left = (await readDueGaps(db, siteId, END)).length;
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThan(POINTS);
  expect(await printsOf(siteId)).toBe(0);
  expect(await tokenOf(siteId)).not.toBe(token);
  await noteInquiries(db, siteId, inquired);
  expect(await readDueGaps(db, siteId, END)).toEqual([]);
});

test("a crash while marking gaps as filling lets the next run mark all of them", async () => {
  const { siteId, gaps } = await siteWithGaps("ses_fills");
  const filling = gaps.map((gap) => ({ gap, from: gap.start }));
  await expect(beginFilling(dying(), siteId, filling)).rejects.toThrow("died");
  const begun = (await readDueGaps(db, siteId, END)).filter(({ filledTo }) => filledTo === START).length;
  expect(begun).toBeGreaterThan(0);
  expect(begun).toBeLessThan(POINTS);
  expect(await beginFilling(db, siteId, filling)).toBe(true);
  const changed = filling.with(POINTS - 1, { gap: { ...gaps.at(-1)!, attempts: 7 }, from: START });
  expect(await beginFilling(db, siteId, changed)).toBe(false);
});
