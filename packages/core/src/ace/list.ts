import { z } from "zod";
import { AceError } from "./ace-error.ts";
import type { CallOptions, Transport } from "./transport.ts";

/**
 * Entries a page. The upstream accepts 2, 10, 20, 30, 40, 50, 100, 500, 1000, 5000, 10000 and 100000, and its default
 * is 10. With 10,000, a site's points (4,583 or 7,327) need one call.
 */
const PER_PAGE = 10_000;

/** Bounds an endless list, at a million entries. */
const MAX_PAGES = 100;

/** A paging field that is absent or not a count is treated as null. */
const countSchema = z.int().nonnegative().nullable().catch(null);

const listPageSchema = z.object({
  items: z.array(z.unknown()),
  /** number of pages */
  pages: countSchema,
  /** entries a page as the upstream understood it; a page may have fewer */
  per_page: countSchema,
  /** entries of the entire list */
  total: countSchema,
});
type PagingFields = Omit<z.infer<typeof listPageSchema>, "items">;

/** The fields by which the upstream distinguishes entries. */
interface ListEntry {
  readonly id: number | null;
  readonly name: string;
}

interface ListPage<T> extends PagingFields {
  readonly entries: readonly T[];
}

/**
 * Fetches all entries of a paged list, in the upstream's order. Returns both of two entries in one page that share an
 * id or a name. Returns an entry once if an earlier page had it.
 *
 * The list is complete when as many entries arrived as `total` says. If the upstream gives no total, it is complete
 * when the page after the last one is empty. `page` is not read. `pages` and `per_page` prove nothing, because pages
 * may have fewer entries than requested.
 *
 * @param entrySchema parses one entry; may be lenient about all but the name
 * @throws {AceError}
 * - `incomplete_list`: the list ends early, pages repeat, or its total changes meanwhile
 * - `not_a_page`: an entry has no name
 * - `page_limit`
 */
export async function fetchList<T extends ListEntry>(
  transport: Transport,
  path: string,
  entrySchema: z.ZodType<T>,
  options: CallOptions,
): Promise<T[]> {
  const entries: T[] = [];
  const known = new Set<string>();
  let total: number | null = null;
  for (let number = 1; number <= MAX_PAGES; number++) {
    const page = await fetchPage(transport, path, entrySchema, number, options);
    if (page.total !== null && total !== null && page.total !== total) {
      throw new AceError("incomplete_list", path, `the total changed from ${total} to ${page.total} between two pages`);
    }
    total ??= page.total;

    const fresh = page.entries.filter((entry) => !known.has(keyOf(entry)));
    for (const entry of fresh) {
      known.add(keyOf(entry));
      entries.push(entry);
    }
    const isTotal = entries.length === total;
    if (isTotal && (fresh.length === 0 || isLast(page, number))) return entries;
    if (page.entries.length === 0) {
      const isEnd = total === null || entries.length > total;
      if (isEnd && number >= (page.pages ?? 0)) return entries;
      const expected = isEnd ? `page ${number} of ${page.pages} is empty` : `the upstream announced ${total}`;
      throw new AceError("incomplete_list", path, `${entries.length} entries arrived; ${expected}`);
    }
    if (fresh.length === 0) throw new AceError("incomplete_list", path, `page ${number} repeats earlier pages`);
  }
  throw new AceError("page_limit", path, `the list has more than ${MAX_PAGES} pages`);
}

const NO_ENTRIES = { entries: [], pages: null, per_page: null, total: null };

async function fetchPage<T>(
  transport: Transport,
  path: string,
  entrySchema: z.ZodType<T>,
  number: number,
  options: CallOptions,
): Promise<ListPage<T>> {
  const query = () => ({ page: String(number), per_page: String(PER_PAGE) });
  try {
    return await transport.get({ path, query, read: (body) => readListPage(body, entrySchema, path), ...options });
  } catch (error) {
    // Paging libraries answer 404 after the last page.
    if (number > 1 && error instanceof AceError && error.status === 404) return NO_ENTRIES;
    throw error;
  }
}

function readListPage<T>(body: unknown, entrySchema: z.ZodType<T>, path: string): ListPage<T> {
  const page = listPageSchema.safeParse(body);
  if (!page.success) throw new AceError("not_a_page", path, "the body is not a page of a list");
  const { items, ...fields } = page.data;
  const entries = items.map((item, index) => {
    const entry = entrySchema.safeParse(item);
    if (!entry.success) throw new AceError("not_a_page", path, `entry ${index + 1} of the page has no valid name`);
    return entry.data;
  });
  return { entries, ...fields };
}

function keyOf({ id, name }: ListEntry): string {
  return `${id} ${name}`;
}

/** Whether a page does not announce another one. Without a number of pages, another page may follow a full one. */
function isLast<T>({ pages, per_page, entries }: ListPage<T>, number: number): boolean {
  return pages === null ? entries.length < (per_page ?? PER_PAGE) : number >= pages;
}
