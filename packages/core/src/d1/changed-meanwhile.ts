/**
 * Ends a `SELECT CASE WHEN <condition> …` that stands in a batch: where the condition does not hold, the statement fails, and D1 rolls
 * the whole batch back.
 */
export const ELSE_FAIL = "THEN 1 ELSE json_extract('{}', 'changed_meanwhile') END";

/** Whether a batch failed because of {@link ELSE_FAIL}; nothing of it was written. */
export function isChangedMeanwhile(error: unknown): boolean {
  return error instanceof Error && error.message.includes("'changed_meanwhile'");
}
