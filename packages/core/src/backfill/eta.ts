/** The pace of a job. */
interface Pace {
  /** when the job began, epoch ms */
  readonly startedAt: number;
  /** when it last wrote site-days or confirmed them empty, epoch ms, ascending */
  readonly finishedAt: readonly number[];
  /** whether `finishedAt` holds all of them, so that the first one took from `startedAt` on */
  readonly isAll: boolean;
  /** epoch ms */
  readonly now: number;
}

/**
 * Milliseconds per site-day over all sites. It grows while the job stands still.
 * @returns null before the first day
 */
export function msPerDay({ startedAt, finishedAt, isAll, now }: Pace): number | null {
  const days = isAll ? finishedAt.length : finishedAt.length - 1;
  const from = isAll ? startedAt : finishedAt[0];
  if (days < 1 || from === undefined) return null;
  const last = finishedAt.at(-1)!;
  // The pace stays that of the last day until the next one is overdue.
  const finished = (last - from) / days;
  return Math.max(finished, (now - from) / (days + 1), 1);
}

/** When `remaining` site-days will be done, epoch ms; null: unknown. */
export function estimatedEnd(pace: Pace, remaining: number): number | null {
  const perDay = msPerDay(pace);
  if (perDay === null) return null;
  const last = pace.finishedAt.at(-1)!;
  return Math.max(pace.now, last + perDay * remaining);
}
