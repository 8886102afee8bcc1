interface Days {
  readonly days_completed: number;
  readonly days_failed: number;
  readonly days_suspect: number;
  readonly days_total: number;
}

interface ProgressBarProps {
  readonly label: string;
  /** days dealt with, for better or worse */
  readonly value: number;
  readonly of: Days;
}

/** Days that are done, and behind them those that failed; full only when nothing is left to do. */
export function ProgressBar({ label, value, of }: ProgressBarProps) {
  const { days_completed: done, days_failed: failed, days_suspect: suspect, days_total: total } = of;
  const width = (days: number) => ({ width: total === 0 ? "0%" : `${(days / total) * 100}%` });
  return (
    <div
      class="day-progress"
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={Math.max(1, total)}
      aria-valuenow={total === 0 ? 1 : value}
      aria-valuetext={`${value} of ${total} days, ${failed + suspect} of them failed`}
    >
      <i class="done" style={total === 0 ? { width: "100%" } : width(done)} />
      {failed + suspect > 0 && <i class="bad" style={width(failed + suspect)} />}
    </div>
  );
}
