/** The pace of a job. */
interface Pace {
  /** when the job began, epoch ms */
  readonly startedAt: number;
  /** when it wrote its last site-days or proved them empty, epoch ms, ascending */
  readonly finishedAt: readonly number[];
  /** whether these are all of them, so that the first of them took from the start on */
  readonly isAll: boolean;
  /** epoch ms */
  readonly now: number;
}

/**
 * Milliseconds a site-day, of all sites together, as measured up to now: a job that stands still gets slower.
 * @returns null before the first day
 */
export function msPerDay({ startedAt, finishedAt, isAll, now }: Pace): number | null {
  const days = isAll ? finishedAt.length : finishedAt.length - 1;
  const from = isAll ? startedAt : finishedAt[0];
  if (days < 1 || from === undefined) return null;
  const last = finishedAt.at(-1)!;
  // Between two days the pace is that of the last one, until the next is overdue.
  const finished = (last - from) / days;
  return Math.max(finished, (now - from) / (days + 1), 1);
}

/** When `remaining` site-days will be done, epoch ms; null: nobody can say yet. */
export function estimatedEnd(pace: Pace, remaining: number): number | null {
  const perDay = msPerDay(pace);
  if (perDay === null) return null;
  const last = pace.finishedAt.at(-1)!;
  return Math.max(pace.now, last + perDay * remaining);
}
