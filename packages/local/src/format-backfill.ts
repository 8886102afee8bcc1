import type { PlanAnswer, BackfillStatus } from "./backfill-client.ts";
import { durationText } from "./progress-bar.ts";
import { formatCount, formatLine } from "./output-line.ts";

/** The plan of a backfill, in lines for a narrow terminal. */
export function formatBackfillPlan({
  days,
  days_skipped: skipped,
  calls,
  hours,
  samples,
  bytes,
  cost,
}: PlanAnswer): string[] {
  const there = skipped === 0 ? "" : `, ${skipped} more are there already`;
  return [
    formatLine("plan", `${formatCount(days, "day")}${there}`),
    formatLine("", `${formatCount(calls, "request")}, ${durationText(hours * 3_600_000)}`),
    formatLine("", `about ${formatCount(Math.round(samples), "sample")}, ${(bytes / 1e6).toFixed(1)} MB in R2`),
    formatLine("", `$${cost.total.toFixed(2)} once, $${cost.r2_storage_per_month.toFixed(2)} a month at list prices`),
  ];
}

/** The hint after a cancel. */
export const CONTINUE_HINT = "to go on, start it again: finished days are skipped";

const ENDED = { completed: "done", cancelled: "stopped", failed: "failed" } as const;

/** The result of a backfill: the days it stored, the days it did not store, and the next step. */
export function formatBackfillEnd(status: BackfillStatus, url: string): string[] {
  if (status.status === "in_progress") return [];
  const { days_completed: done, days_total: total, records_processed: records } = status;
  const took = durationText(Date.parse(status.last_updated) - Date.parse(status.started_at));
  const lines = [
    formatLine(
      ENDED[status.status],
      `${done} of ${formatCount(total, "day")}, ${formatCount(records, "sample")}, in ${took}`,
    ),
  ];
  const notNew = [
    ...(status.days_skipped > 0 ? [`${status.days_skipped} were there before`] : []),
    ...(status.days_empty > 0 ? [`${status.days_empty} had no samples`] : []),
  ];
  if (notNew.length > 0) lines.push(formatLine("", `of these ${notNew.join(", ")}`));
  if (status.reason !== null) lines.push(formatLine("", status.reason));
  const lost = status.days_failed + status.days_suspect;
  if (lost > 0) {
    lines.push(
      formatLine("", `${formatCount(lost, "day")} FAILED. Which, and why:`),
      `  curl '${url}/backfill/days?from=${status.start_date}&to=${status.end_date}'`,
      formatLine("", "To try them again: npm run backfill -- --retry-failed"),
    );
  }
  if (status.status === "cancelled") lines.push(formatLine("", CONTINUE_HINT));
  return lines;
}

/** Whether all requested days are stored now. */
export function isComplete({ status, days_failed: failed, days_suspect: suspect }: BackfillStatus): boolean {
  return status === "completed" && failed === 0 && suspect === 0;
}
