import { withD1Retry } from "./retry.ts";

/** Rows that one transaction changes. */
export const MAX_ROWS_PER_TRANSACTION = 500;

/**
 * Changes or deletes rows some at a time until none is left: a transaction of ten thousands of rows would keep all others waiting. Safe to repeat, and
 * to stop anywhere.
 * @param changeSome the statement that changes at most so many of those that are left
 * @returns how many rows
 * @throws the error of D1, after retries
 */
export async function changeRows(changeSome: (most: number) => D1PreparedStatement): Promise<number> {
  for (let changed = 0; ;) {
    const { meta } = await withD1Retry(() => changeSome(MAX_ROWS_PER_TRANSACTION).run());
    changed += meta.changes;
    if (meta.changes < MAX_ROWS_PER_TRANSACTION) return changed;
  }
}
