import { withD1Retry } from "./retry.ts";

/** The most rows that one transaction changes. */
export const MAX_ROWS_PER_TRANSACTION = 500;

/**
 * Changes or deletes rows in small transactions until none is left: a transaction of ten thousand rows would block all
 * others. Safe to repeat and to stop at any point.
 * @param changeSome the statement that changes at most so many of the remaining rows
 * @returns the number of changed rows
 * @throws the error of D1, after retries
 */
export async function changeRows(changeSome: (most: number) => D1PreparedStatement): Promise<number> {
  for (let changed = 0; ;) {
    const { meta } = await withD1Retry(() => changeSome(MAX_ROWS_PER_TRANSACTION).run());
    changed += meta.changes;
    if (meta.changes < MAX_ROWS_PER_TRANSACTION) return changed;
  }
}
