import { AceError } from "../ace/ace-error.ts";
import { DayBuildError } from "../day-build/day-build-error.ts";
import { Problem } from "../domain/problem.ts";

/** Whether an error will be there again however often the step is made. */
export function isPermanent(error: unknown): boolean {
  if (error instanceof AceError) return !error.retryable;
  return error instanceof DayBuildError || error instanceof Problem;
}
