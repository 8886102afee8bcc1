/** How much is measured; a type that is JSON, to be a binding of the Worker. */
export type BenchSize = {
  /** of a site */
  readonly points: number;
  /** of a page of the API */
  readonly pageRows: number;
  /** times that a page is decoded for one measurement */
  readonly decodes: number;
  /** what is stored for the reads; reads are look-ups by key, and hardly feel the other points */
  readonly stored: { readonly points: number; readonly days: number };
  /** what is read of it: points, every third of them, by days */
  readonly reads: [points: number, days: number][];
};

/** A site as large as one that was seen. */
export const FULL_SIZE: BenchSize = {
  points: 4_583,
  pageRows: 100_000,
  decodes: 10,
  stored: { points: 50, days: 20 },
  reads: [
    [1, 20],
    [10, 7],
  ],
};

/** Seconds: enough to see that every comparison is made, too little for its figures to mean anything. */
export const SMOKE_SIZE: BenchSize = {
  points: 20,
  pageRows: 1_000,
  decodes: 1,
  stored: { points: 4, days: 2 },
  reads: [
    [1, 2],
    [2, 1],
  ],
};
