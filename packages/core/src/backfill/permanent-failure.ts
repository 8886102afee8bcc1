import { AceError } from "../ace/ace-error.ts";
import { DayBuildError } from "../day-build/day-build-error.ts";
import { Problem } from "../domain/problem.ts";

/** Whether repeating the step cannot help. */
export function isPermanent(error: unknown): boolean {
  if (error instanceof AceError) return !error.retryable;
  return error instanceof DayBuildError || error instanceof Problem;
}
