import { z } from "zod";

/** What is billed for each time that it happens, and what is counted to explain it. CPU in ms. */
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

export const countsSchema = z.record(z.enum(COUNTED), z.number());
/** How often each thing happens, in one run of something or in a month of all. */
export type OperationCounts = z.infer<typeof countsSchema>;

/** Counts computed from their names. */
export function countsOf(value: (name: Counted) => number): OperationCounts {
  return countsSchema.parse(Object.fromEntries(COUNTED.map((name) => [name, value(name)])));
}

export const NOTHING: OperationCounts = countsOf(() => 0);

export function plus(...all: readonly OperationCounts[]): OperationCounts {
  return countsOf((name) => all.reduce((sum, counts) => sum + counts[name], 0));
}

export function times(factor: number, counts: OperationCounts): OperationCounts {
  return countsOf((name) => factor * counts[name]);
}

/** Never below zero: the difference of two runs' counts. */
export function minus(counts: OperationCounts, less: OperationCounts): OperationCounts {
  return countsOf((name) => Math.max(0, counts[name] - less[name]));
}
