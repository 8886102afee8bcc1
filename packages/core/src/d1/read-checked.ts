/** How SQLite refuses JSONB. One such row fails the whole statement. */
const MALFORMED = "malformed JSON";

/**
 * Runs a read of rows with JSONB. If SQLite refuses a row, runs it again with a check of each row, which tells damaged rows by NULL. The
 * check (`json_valid(…, 8)`) reads every byte, so it is not done before.
 * @throws the error of D1
 */
export async function readChecked<T>(read: (isChecked: boolean) => Promise<T>): Promise<T> {
  try {
    return await read(false);
  } catch (error) {
    if (!(error instanceof Error && error.message.includes(MALFORMED))) throw error;
    return read(true);
  }
}
