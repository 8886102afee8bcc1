/** SQLite's message for malformed JSONB. One such row fails the whole statement. */
const MALFORMED = "malformed JSON";

/**
 * Reads rows with JSONB. If SQLite refuses a row, runs the read again with a check of each row; damaged rows then have
 * NULL. The check (`json_valid(…, 8)`) reads every byte, so the first read omits it.
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
