import type { SiteDayCounts } from "./job-days.ts";

interface ProgressBarProps extends SiteDayCounts {
  readonly label: string;
  /** the unit, in the plural */
  readonly unit: "days" | "site-days";
}

/** Finished days, then failed days; full only when no day is left. */
export function ProgressBar({ label, unit, total, completed, bad }: ProgressBarProps) {
  const value = completed + bad;
  const width = (days: number) => ({ width: total === 0 ? "0%" : `${(days / total) * 100}%` });
  return (
    <div
      class="day-progress"
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={Math.max(1, total)}
      aria-valuenow={total === 0 ? 1 : value}
      aria-valuetext={`${value} of ${total} ${unit}, ${bad} of them failed`}
    >
      <i class="done" style={total === 0 ? { width: "100%" } : width(completed)} />
      {bad > 0 && <i class="bad" style={width(bad)} />}
    </div>
  );
}
