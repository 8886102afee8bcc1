import { z } from "zod";
import { AceError } from "./ace-error.ts";
import type { CallOptions, Transport } from "./transport.ts";

/**
 * Entries a page. One of the values the upstream takes (2, 10, 20, 30, 40, 50, 100, 500, 1000, 5000, 10000, 100000),
 * its own default being 10: large enough that a site's points, 4,583 or 7,327, are one call.
 */
const PER_PAGE = 10_000;

/** Bounds a list that never ends: a million entries. */
const MAX_PAGES = 100;

/** A paging field that is absent or is not a count says nothing, as one that is null. */
const countSchema = z.int().nonnegative().nullable().catch(null);

const listPageSchema = z.object({
  items: z.array(z.unknown()),
  /** number of pages */
  pages: countSchema,
  /** entries a page, as the upstream understood it; it may give fewer */
  per_page: countSchema,
  /** entries of the whole list */
  total: countSchema,
});
type PagingFields = Omit<z.infer<typeof listPageSchema>, "items">;

/** How the upstream tells an entry from the others. */
interface ListEntry {
  readonly id: number | null;
  readonly name: string;
}

interface ListPage<T> extends PagingFields {
  readonly entries: readonly T[];
}

/**
 * All entries of a paged list, in the upstream's order. Two entries of one page that share an id or a name are both
 * given. An entry that an earlier page had already is given once.
 *
 * The list is whole when as many entries came as `total` says, or, where the upstream gives no total, when the page after
 * the last one is empty. `page` is not read, and `pages` and `per_page` alone prove nothing: the upstream may have given
 * fewer entries a page than were asked for.
 *
 * @param entrySchema parses one entry; it may be lenient about everything but the name
 * @throws {AceError} `incomplete_list` when the list ends early, pages repeat, or its total changes meanwhile;
 *   `not_a_page` when an entry has no name; `page_limit`
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
      const expected = isEnd ? `page ${number} of ${page.pages} is empty` : `the upstream says ${total}`;
      throw new AceError("incomplete_list", path, `${entries.length} entries arrived; ${expected}`);
    }
    if (fresh.length === 0) throw new AceError("incomplete_list", path, `page ${number} repeats earlier pages`);
  }
  throw new AceError("page_limit", path, `more than ${MAX_PAGES} pages`);
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
    // Paging libraries answer 404 to a page after the last one.
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
    if (!entry.success) throw new AceError("not_a_page", path, `entry ${index + 1} of the page is not usable`);
    return entry.data;
  });
  return { entries, ...fields };
}

function keyOf({ id, name }: ListEntry): string {
  return `${id} ${name}`;
}

/** Whether nothing in a page promises another one. Without a number of pages, a full page may be followed by more. */
function isLast<T>({ pages, per_page, entries }: ListPage<T>, number: number): boolean {
  return pages === null ? entries.length < (per_page ?? PER_PAGE) : number >= pages;
}
