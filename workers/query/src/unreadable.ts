import { dayText } from "@building-vitals/core/domain/day";
import type { UnreadableDay } from "@building-vitals/core/query/read-block";
import { log } from "@building-vitals/core/telemetry/log";

/** A line in the log for each day file that an answer had to do without. */
export function logUnreadable(site: { readonly name: string }, days: readonly UnreadableDay[]): void {
  for (const { day, reason } of days) log("day_file_unreadable", { site: site.name, day: dayText(day), reason });
}
