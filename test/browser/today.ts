import { setTimeout as sleep } from "node:timers/promises";
import { DAY_MS, dayOf, dayText } from "@building-vitals/core/domain/day";
import { adminPost } from "./admin-post.ts";
import type { BrowserSystem } from "./browser-system.ts";
import { waitForBackfill } from "./backfilled.ts";

/** Longest duration of a file's tests on a busy machine; they usually take a minute or two. */
const FILE_MS = 4 * 60_000;
/** How long {@link bringToToday} may take. */
export const TO_TODAY_MS = FILE_MS + 120_000;

/**
 * Syncs the samples since the system was filled, because tests read now, today and the days before. No test file runs
 * over midnight UTC. After a midnight, the ended day is settled.
 */
export async function bringToToday(system: BrowserSystem): Promise<void> {
  const leftOfDay = DAY_MS - (Date.now() % DAY_MS);
  if (leftOfDay < FILE_MS) await sleep(leftOfDay + 100);
  await adminPost(system, `${system.etlUrl}/trigger`, {});
  const today = dayOf(Date.now());
  if (today === system.filledOn) return;
  const days = { start_date: dayText(system.filledOn), end_date: dayText(today - 1) };
  await adminPost(system, `${system.url}/backfill/start`, days);
  await waitForBackfill(system.url);
}
