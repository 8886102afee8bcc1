import { setTimeout as sleep } from "node:timers/promises";
import { DAY_MS, dayOf, dayText } from "@building-vitals/core/domain/day";
import { adminPost } from "./admin-post.ts";
import type { BrowserSystem } from "./browser-system.ts";
import { waitForBackfill } from "./backfilled.ts";

/** The tests of a file take a minute or two where the machine is busy. */
const FILE_MS = 4 * 60_000;
/** How long {@link bringToToday} may take. */
export const TO_TODAY_MS = FILE_MS + 120_000;

/**
 * Tests speak of now, of today and of the days before it, and in a run of all of them the system was filled minutes before.
 * So it gets what has come since; no file of tests runs over midnight UTC, and where one has passed, its day is settled.
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
