import type { PlanAnswer, BackfillStatus } from "./backfill-client.ts";
import { durationText } from "./progress-bar.ts";

const LABEL_WIDTH = 9;

function count(n: number, noun: string): string {
  return `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;
}

/** A line of the output: its subject, and the text. */
export function told(label: string, text: string): string {
  return label.padEnd(LABEL_WIDTH) + text;
}

/** The plan of a backfill, in lines for a narrow terminal. */
export function planLines({ days, days_skipped: skipped, calls, hours, samples, bytes, cost }: PlanAnswer): string[] {
  const there = skipped === 0 ? "" : `, ${skipped} more are there already`;
  return [
    told("plan", `${count(days, "day")}${there}`),
    told("", `${count(calls, "request")}, ${durationText(hours * 3_600_000)}`),
    told("", `about ${count(Math.round(samples), "sample")}, ${(bytes / 1e6).toFixed(1)} MB in R2`),
    told("", `$${cost.total.toFixed(2)} once, $${cost.r2_storage_per_month.toFixed(2)} a month at list prices`),
  ];
}

/** After a cancel. */
export const GO_ON = "to go on, start it again: finished days are skipped";

const ENDED = { completed: "done", cancelled: "stopped", failed: "failed" } as const;

/** The result of a backfill: the days it stored, the days it did not, and the next step. */
export function endLines(status: BackfillStatus, url: string): string[] {
  if (status.status === "in_progress") return [];
  const { days_completed: done, days_total: total, records_processed: records } = status;
  const took = durationText(Date.parse(status.last_updated) - Date.parse(status.started_at));
  const lines = [
    told(ENDED[status.status], `${done} of ${count(total, "day")}, ${count(records, "sample")}, in ${took}`),
  ];
  const notNew = [
    ...(status.days_skipped > 0 ? [`${status.days_skipped} were there before`] : []),
    ...(status.days_empty > 0 ? [`${status.days_empty} had no samples`] : []),
  ];
  if (notNew.length > 0) lines.push(told("", `of these ${notNew.join(", ")}`));
  if (status.reason !== null) lines.push(told("", status.reason));
  const lost = status.days_failed + status.days_suspect;
  if (lost > 0) {
    lines.push(
      told("", `${count(lost, "day")} FAILED. Which, and why:`),
      `  curl '${url}/backfill/days?from=${status.start_date}&to=${status.end_date}'`,
      told("", "To try them again: npm run backfill -- --retry-failed"),
    );
  }
  if (status.status === "cancelled") lines.push(told("", GO_ON));
  return lines;
}

/** Whether all requested days are stored now. */
export function isWhole({ status, days_failed: failed, days_suspect: suspect }: BackfillStatus): boolean {
  return status === "completed" && failed === 0 && suspect === 0;
}
