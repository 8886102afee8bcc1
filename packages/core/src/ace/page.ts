import { z } from "zod";
import { AceError } from "./ace-error.ts";
import type { BodyReader } from "./body.ts";
import { PageText } from "./page-text.ts";
import { CURRENT_FIELDS, type DecodedRows, OLDER_FIELDS, RowDecoder } from "./rows.ts";

/** Only whether the value is an array: its elements were decoded as they arrived. */
const rowsSchema = z.tuple([]);

const cursorSchema = z.string().nullish();
const hasMoreSchema = z.boolean().nullish();

/** The current envelope. */
const currentSchema = z.object({ point_samples: rowsSchema, next_cursor: cursorSchema, has_more: hasMoreSchema });

/**
 * The envelope of older documents. They name the next page's cursor `next_cursor` or `cursor`. `next_cursor` has
 * precedence. If `cursor` is the page's own cursor, it is refused as repeated.
 */
const olderSchema = z.object({
  data: rowsSchema,
  pagination: z.object({ next_cursor: cursorSchema, cursor: cursorSchema, has_more: hasMoreSchema }),
});

interface DecodedPage extends DecodedRows {
  /** the upstream's cursor for the next page; null: the upstream says that the window ends here */
  readonly cursor: string | null;
}

/** Decodes a timeseries page in either envelope, while its text arrives. */
export class PageDecoder implements BodyReader<DecodedPage> {
  readonly #now: number;
  readonly #path: string;
  readonly #isPaged: boolean;
  readonly #text: PageText;
  /** by the array's key; of two equal keys the last one counts, as in any JSON parser */
  readonly #rows = new Map<string, RowDecoder>();

  /**
   * @param now epoch milliseconds
   * @param isPaged false: the answer holds all rows, and has no paging fields
   */
  constructor(now: number, path: string, isPaged = true) {
    this.#now = now;
    this.#path = path;
    this.#isPaged = isPaged;
    this.#text = new PageText((key) => this.#decoderOf(key));
  }

  write(text: string): void {
    this.#text.write(text);
  }

  /** @throws {AceError} `not_a_page` */
  end(): DecodedPage {
    const body = this.#text.end();
    const current = currentSchema.safeParse(body);
    if (current.success) {
      const { next_cursor, has_more } = current.data;
      const cursor = this.#isPaged ? nextCursor(next_cursor, has_more, this.#path) : null;
      return this.#page("point_samples", cursor);
    }
    const older = olderSchema.safeParse(body);
    if (older.success) {
      const { pagination } = older.data;
      const next = pagination.next_cursor === undefined ? pagination.cursor : pagination.next_cursor;
      return this.#page("data", nextCursor(next, pagination.has_more, this.#path));
    }
    throw new AceError("not_a_page", this.#path, "the body is not a page of samples");
  }

  #decoderOf(key: string): RowDecoder | null {
    if (key !== "point_samples" && key !== "data") return null;
    const decoder = new RowDecoder(key === "data" ? OLDER_FIELDS : CURRENT_FIELDS, this.#now);
    this.#rows.set(key, decoder);
    return decoder;
  }

  #page(key: string, cursor: string | null): DecodedPage {
    const rows = this.#rows.get(key);
    if (rows === undefined) throw new AceError("not_a_page", this.#path, "the body has no rows");
    return { ...rows.finish(), cursor };
  }
}

/** null only if the page proves its end: it says so, or its cursor is present and null. */
function nextCursor(
  cursor: string | null | undefined,
  hasMore: boolean | null | undefined,
  path: string,
): string | null {
  if (hasMore === false) return null;
  if (typeof cursor === "string" && cursor !== "") return cursor;
  if (cursor === null && typeof hasMore !== "boolean") return null;
  throw new AceError("not_a_page", path, "the page has no next cursor, and does not prove that it is the last");
}
