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

const countSchema = z.int().nonnegative().nullish();

const listPageSchema = z.object({
  items: z.array(z.unknown()),
  /** number of pages; can be null */
  pages: countSchema,
  /** entries a page as the upstream understood it */
  per_page: countSchema,
  total: countSchema,
});
type ListPage = z.infer<typeof listPageSchema>;

/**
 * All entries of a paged list, each once, in the upstream's order. Entries that have an id are told apart by it.
 *
 * @param entrySchema parses one entry; it may be lenient about everything but the name
 * @throws {AceError} `incomplete_list` when fewer entries arrived than the list says it has, or pages repeat;
 *   `not_a_page` when an entry has no name; `page_limit`
 */
export async function fetchList<T extends { readonly id: number | null; readonly name: string }>(
  transport: Transport,
  path: string,
  entrySchema: z.ZodType<T>,
  options: CallOptions,
): Promise<T[]> {
  const entries = new Map<number | string, T>();
  for (let number = 1; number <= MAX_PAGES; number++) {
    const page = await transport.get({
      path,
      query: () => ({ page: String(number), per_page: String(PER_PAGE) }),
      read: (body) => readListPage(body, entrySchema, path),
      deadline: options.deadline,
    });
    const before = entries.size;
    for (const entry of page.entries) entries.set(entry.id ?? entry.name, entry);

    if (isLastPage(page, number)) {
      if (entries.size < (page.total ?? 0)) {
        throw new AceError("incomplete_list", path, `${entries.size} of ${page.total} entries arrived`);
      }
      return [...entries.values()];
    }
    if (entries.size === before) throw new AceError("incomplete_list", path, `page ${number} brought nothing new`);
  }
  throw new AceError("page_limit", path, `more than ${MAX_PAGES} pages`);
}

function readListPage<T>(body: unknown, entrySchema: z.ZodType<T>, path: string): ListPage & { entries: T[] } {
  const page = listPageSchema.safeParse(body);
  if (!page.success) throw new AceError("not_a_page", path, "the body is not a page of a list");
  const entries = page.data.items.map((item, index) => {
    const entry = entrySchema.safeParse(item);
    if (!entry.success) throw new AceError("not_a_page", path, `entry ${index + 1} of the page is not usable`);
    return entry.data;
  });
  return { ...page.data, entries };
}

/** When the number of pages is unknown, a short or an empty page is the last. */
function isLastPage(page: ListPage, number: number): boolean {
  if (typeof page.pages === "number") return number >= page.pages;
  return page.items.length === 0 || page.items.length < (page.per_page ?? PER_PAGE);
}
