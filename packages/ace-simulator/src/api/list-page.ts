import { integerChoice, positiveInteger } from "./query-parameters.ts";

export const PER_PAGE_CHOICES = [2, 10, 20, 30, 40, 50, 100, 500, 1000, 5000, 10_000, 100_000] as const;

export interface ListPage<T> {
  readonly items: readonly T[];
  /** from 1 */
  readonly page: number;
  readonly pages: number | null;
  readonly per_page: number;
  readonly total: number | null;
}

/** One page of a list by the query's parameters; a page after the last one is empty. */
export function listPage<T>(all: readonly T[], query: URLSearchParams): ListPage<T> {
  const page = positiveInteger(query, "page", 1);
  const perPage = integerChoice(query, "per_page", PER_PAGE_CHOICES, 10);
  return {
    items: all.slice((page - 1) * perPage, page * perPage),
    page,
    pages: Math.ceil(all.length / perPage),
    per_page: perPage,
    total: all.length,
  };
}
