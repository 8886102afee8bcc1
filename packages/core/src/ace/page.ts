import { z } from "zod";
import { AceError } from "./ace-error.ts";
import { CURRENT_FIELDS, type DecodedRows, decodeRows, OLDER_FIELDS } from "./rows.ts";

/** An array and no more: its elements are checked one by one as they are decoded. */
const rowsSchema = z.custom<readonly unknown[]>((value) => Array.isArray(value));

const cursorSchema = z.string().nullish();
const hasMoreSchema = z.boolean().nullish();

/** What the service answers. */
const currentSchema = z.object({ point_samples: rowsSchema, next_cursor: cursorSchema, has_more: hasMoreSchema });

/**
 * What older documents describe. They call the next page's cursor `next_cursor` or `cursor`; the former wins, and
 * should the latter be the page's own cursor, then it is refused as repeated.
 */
const olderSchema = z.object({
  data: rowsSchema,
  pagination: z.object({ next_cursor: cursorSchema, cursor: cursorSchema, has_more: hasMoreSchema }),
});

interface DecodedPage extends DecodedRows {
  /** number of rows received */
  readonly records: number;
  /** the upstream's own cursor for the next page; null is its word that the window ends here */
  readonly cursor: string | null;
}

/**
 * Decodes the parsed JSON of a timeseries page, of either envelope.
 *
 * @param now epoch milliseconds
 * @throws {AceError} `not_a_page`
 */
export function decodePage(body: unknown, now: number, path: string): DecodedPage {
  const current = currentSchema.safeParse(body);
  if (current.success) {
    const { point_samples: rows, next_cursor, has_more } = current.data;
    const cursor = nextCursor(next_cursor, has_more, path);
    return { ...decodeRows(rows, CURRENT_FIELDS, now), records: rows.length, cursor };
  }
  const older = olderSchema.safeParse(body);
  if (older.success) {
    const { data: rows, pagination } = older.data;
    const next = pagination.next_cursor === undefined ? pagination.cursor : pagination.next_cursor;
    const cursor = nextCursor(next, pagination.has_more, path);
    return { ...decodeRows(rows, OLDER_FIELDS, now), records: rows.length, cursor };
  }
  throw new AceError("not_a_page", path, "the body is not a page of samples");
}

/** null only when the page proves that nothing follows: it says so, or its cursor is there and is null. */
function nextCursor(
  cursor: string | null | undefined,
  hasMore: boolean | null | undefined,
  path: string,
): string | null {
  if (hasMore === false) return null;
  if (typeof cursor === "string" && cursor !== "") return cursor;
  if (cursor === null && typeof hasMore !== "boolean") return null;
  throw new AceError("not_a_page", path, "the page does not say how to go on, nor that it is the last");
}
