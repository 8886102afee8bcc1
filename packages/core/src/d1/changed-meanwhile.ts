import { withD1Retry } from "./retry.ts";

/**
 * Ends a `SELECT CASE WHEN <condition> …` in a batch. If the condition is false, the statement fails and D1 rolls back
 * the whole batch.
 */
export const ELSE_FAIL = "THEN 1 ELSE json_extract('{}', 'changed_meanwhile') END";

/**
 * Runs a batch that is safe to repeat.
 * @returns null if a statement with {@link ELSE_FAIL} failed: nothing was written
 * @throws the error of D1, after retries
 */
export async function batchUnlessChanged(
  db: D1Database,
  statements: D1PreparedStatement[],
): Promise<D1Result[] | null> {
  try {
    return await withD1Retry(() => db.batch(statements));
  } catch (error) {
    if (error instanceof Error && error.message.includes("'changed_meanwhile'")) return null;
    throw error;
  }
}
