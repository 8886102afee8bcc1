import type { YearSize } from "./year-size.ts";

/** The size of a run; JSON, because it is a binding of the Worker. */
export type BenchSize = {
  /** points of a site */
  readonly points: number;
  /** rows of a page of the API */
  readonly pageRows: number;
  /** decodes of the page per measurement */
  readonly decodes: number;
  /** a month file: its points, each with a sample a minute, and its day files */
  readonly month: { readonly points: number; readonly days: number };
  /** the samples for the reads; a read is a look-up by key and hardly depends on the other points */
  readonly stored: { readonly points: number; readonly days: number };
  /** the reads: points, every third one, by days */
  readonly reads: [points: number, days: number][];
  readonly year: YearSize;
  /** a smaller site's year, and the days of one of its months, all in files */
  readonly coldYear: YearSize;
  /** runs of each query of the site's year */
  readonly runs: number;
  /** concurrent clients and seconds, on a smaller site's year */
  readonly load: { readonly year: YearSize; readonly clients: number[]; readonly seconds: number };
};

/** A site as large as a real one. */
export const FULL_SIZE: BenchSize = {
  points: 4_583,
  pageRows: 100_000,
  decodes: 10,
  month: { points: 600, days: 31 },
  stored: { points: 50, days: 20 },
  reads: [
    [1, 20],
    [10, 7],
  ],
  year: { points: 4_583, days: 365, openDays: 2, keptDays: 18, fileDays: 60, baselinePoints: 100 },
  // December 2024 to November 2025 are whole months
  coldYear: { points: 120, days: 396, openDays: 1, keptDays: 0, fileDays: 395, baselinePoints: 1 },
  runs: 25,
  load: {
    year: { points: 300, days: 365, openDays: 2, keptDays: 18, fileDays: 60, baselinePoints: 10 },
    clients: [1, 8, 32, 64],
    seconds: 30,
  },
};

const SMOKE_YEAR: YearSize = { points: 30, days: 6, openDays: 1, keptDays: 1, fileDays: 2, baselinePoints: 10 };

/** A run of seconds: it shows that every comparison runs, and its figures mean nothing. */
export const SMOKE_SIZE: BenchSize = {
  points: 20,
  pageRows: 1_000,
  decodes: 1,
  month: { points: 12, days: 3 },
  stored: { points: 4, days: 2 },
  reads: [
    [1, 2],
    [2, 1],
  ],
  year: SMOKE_YEAR,
  coldYear: { points: 12, days: 63, openDays: 1, keptDays: 0, fileDays: 62, baselinePoints: 1 },
  runs: 2,
  load: { year: SMOKE_YEAR, clients: [2], seconds: 1 },
};

/** A shorter or longer year. A short year keeps the open days first, then the kept days, then those with files. */
export function yearOfDays(year: YearSize, days: number): YearSize {
  if (!Number.isInteger(days) || days < 3) throw new Error(`site-year: expected at least 3 days, found ${days}`);
  const openDays = Math.min(year.openDays, days - 2);
  const keptDays = Math.min(year.keptDays, days - openDays - 1);
  return { ...year, days, openDays, keptDays, fileDays: Math.min(year.fileDays, days - openDays - keptDays) };
}
