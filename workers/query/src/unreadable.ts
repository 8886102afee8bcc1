import { dayText } from "@building-vitals/core/domain/day";
import type { MisplacedDay, UnreadableDay } from "@building-vitals/core/query/read-block";
import { log } from "@building-vitals/core/telemetry/log";

/** Logs each day file that an answer had to do without, and each that was read by its footer. */
export function logUnreadable(
  site: { readonly name: string },
  answer: { readonly unreadable: readonly UnreadableDay[]; readonly misplaced: readonly MisplacedDay[] },
): void {
  for (const { day, reason } of answer.unreadable)
    log("day_file_unreadable", { site: site.name, day: dayText(day), reason });
  for (const { day, reason, absent } of answer.misplaced)
    log("locators_wrong", { site: site.name, day: dayText(day), reason, absent: absent.join(", ") });
}
