import { z } from "zod";

/** Operations that are billed, or that explain the bill. CPU in ms. */
export const COUNTED = [
  "rowsRead",
  "rowsWritten",
  "r2ClassA",
  "r2ClassB",
  "kvReads",
  "kvWrites",
  "workflowInstances",
  "workflowSteps",
  "logEvents",
  "requests",
  "apiCalls",
  "cpuMs",
] as const;
export type Counted = (typeof COUNTED)[number];

const countsSchema = z.record(z.enum(COUNTED), z.number());
/** How often each operation happens, in one run or in a month. */
export type OperationCounts = z.infer<typeof countsSchema>;

/** Counts computed from their names. */
export function countsOf(value: (name: Counted) => number): OperationCounts {
  return countsSchema.parse(Object.fromEntries(COUNTED.map((name) => [name, value(name)])));
}

/** Counts as a file has them: without those that are 0. */
export const nonZeroCountsSchema = z
  .partialRecord(z.enum(COUNTED), z.number())
  .transform((counts) => countsOf((name) => counts[name] ?? 0));

export const NOTHING: OperationCounts = countsOf(() => 0);

export function plus(...all: readonly OperationCounts[]): OperationCounts {
  return countsOf((name) => all.reduce((sum, counts) => sum + counts[name], 0));
}

export function times(factor: number, counts: OperationCounts): OperationCounts {
  return countsOf((name) => factor * counts[name]);
}

/** The difference of two runs, at least 0. */
export function minus(counts: OperationCounts, less: OperationCounts): OperationCounts {
  return countsOf((name) => Math.max(0, counts[name] - less[name]));
}
