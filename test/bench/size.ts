import type { YearSize } from "./year-size.ts";

/** How much is measured; a type that is JSON, to be a binding of the Worker. */
export type BenchSize = {
  /** of a site */
  readonly points: number;
  /** of a page of the API */
  readonly pageRows: number;
  /** times that a page is decoded for one measurement */
  readonly decodes: number;
  /** of a month file: its points, each with a sample a minute, and its day files */
  readonly month: { readonly points: number; readonly days: number };
  /** the samples for the reads; reads are look-ups by key, and hardly depend on the other points */
  readonly stored: { readonly points: number; readonly days: number };
  /** what is read of it: points, every third of them, by days */
  readonly reads: [points: number, days: number][];
  /** of a site whose points are searched */
  readonly findPoints: number;
  readonly year: YearSize;
  /** a smaller site's year, and the days of a month beside it, all in files */
  readonly coldYear: YearSize;
  /** of each question to the site's year */
  readonly runs: number;
  /** clients that ask at once, for so many seconds, about a smaller site's year */
  readonly load: { readonly year: YearSize; readonly clients: number[]; readonly seconds: number };
};

/** A site as large as one that was seen. */
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
  findPoints: 7_327,
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

/** Seconds: enough to see that every comparison is made, too little for its figures to mean anything. */
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
  findPoints: 60,
  year: SMOKE_YEAR,
  coldYear: { points: 12, days: 63, openDays: 1, keptDays: 0, fileDays: 62, baselinePoints: 1 },
  runs: 2,
  load: { year: SMOKE_YEAR, clients: [2], seconds: 1 },
};

/** A shorter or longer year. Where it is too short for all, the open days stay, then the kept ones, then those with files. */
export function yearOfDays(year: YearSize, days: number): YearSize {
  if (!Number.isInteger(days) || days < 3) throw new Error(`site-year: expected at least 3 days, found ${days}`);
  const openDays = Math.min(year.openDays, days - 2);
  const keptDays = Math.min(year.keptDays, days - openDays - 1);
  return { ...year, days, openDays, keptDays, fileDays: Math.min(year.fileDays, days - openDays - keptDays) };
}
