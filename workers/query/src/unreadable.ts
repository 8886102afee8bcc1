import { dayText } from "@building-vitals/core/domain/day";
import { monthText } from "@building-vitals/core/domain/month";
import type { MisplacedDay, UnreadableDay, UnreadableMonth } from "@building-vitals/core/read/read-block";
import { log } from "@building-vitals/core/telemetry/log";

/**
 * Logs the files that an answer could not use as planned:
 * - day files that it lacks,
 * - day files that it read by their footers,
 * - month files whose days it read instead.
 */
export function logUnreadable(
  site: { readonly name: string },
  answer: {
    readonly unreadable: readonly UnreadableDay[];
    readonly misplaced: readonly MisplacedDay[];
    readonly unreadableMonths?: readonly UnreadableMonth[];
  },
): void {
  for (const { day, reason } of answer.unreadable)
    log("day_file_unreadable", { site: site.name, day: dayText(day), reason });
  for (const { day, reason, absent } of answer.misplaced)
    log("locators_wrong", { site: site.name, day: dayText(day), reason, absent: absent.join(", ") });
  for (const { month, reason } of answer.unreadableMonths ?? [])
    log("month_file_unreadable", { site: site.name, month: monthText(month), reason });
}
