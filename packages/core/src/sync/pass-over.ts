import { withD1Retry } from "../d1/retry.ts";
import type { SyncFront } from "../domain/lateness.ts";
import { passOverDays } from "../store/settle-days.ts";
import { log } from "../telemetry/log.ts";
import { moveOver } from "./sync-state.ts";
import { passedOver, type WindowSettings } from "./window.ts";

/**
 * Leaves old time to settling when a sync is too far behind: moves the watermark, and marks the days between as due, in
 * one transaction. Call it only while no window is open.
 * @returns the new front of the sync
 */
export async function passOver(
  { db, settings }: { readonly db: D1Database; readonly settings: WindowSettings },
  siteId: number,
  front: SyncFront,
  now: number,
): Promise<SyncFront> {
  const { watermark, servedTo } = front;
  const over = passedOver(watermark, now, settings);
  if (watermark === null || over === null) return front;
  const move = moveOver(db, siteId, { from: watermark, to: over.to }, now);
  await withD1Retry(() => db.batch([move, passOverDays(db, siteId, over.days, now)]));
  log("days_passed_over", { siteId, days: over.days.length });
  return { watermark: over.to, servedTo: Math.max(servedTo ?? over.to, over.to) };
}
