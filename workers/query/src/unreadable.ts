import { dayText } from "@building-vitals/core/domain/day";
import { monthText } from "@building-vitals/core/domain/month";
import type { MisplacedDay, UnreadableDay, UnreadableMonth } from "@building-vitals/core/read/read-block";
import { log } from "@building-vitals/core/telemetry/log";

/** Logs each day file that an answer had to do without, each that was read by its footer, and each month file whose days were read instead. */
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
