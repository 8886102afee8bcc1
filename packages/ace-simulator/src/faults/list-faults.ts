import type { ListPage } from "../api/list-page.ts";
import type { ListFaultRule } from "./fault-plan.ts";

/** The entries of a faulty list. */
export function faultyEntries(all: readonly object[], faults: readonly ListFaultRule[]): readonly object[] {
  let entries = all;
  for (const rule of faults) {
    if (rule.fault === "short_list") entries = entries.slice(0, rule.keep);
    const last = entries.at(-1);
    if (rule.fault === "duplicate_ids" && last !== undefined) {
      entries = [...entries, { ...last, kv_tags: {}, bacnet_data: { object_units: "percent" } }];
    }
  }
  return entries;
}

/** The request for a faulty list. */
export function faultyQuery(query: URLSearchParams, faults: readonly ListFaultRule[]): URLSearchParams {
  const asked = new URLSearchParams(query);
  if (faults.some(({ fault }) => fault === "same_page")) asked.set("page", "1");
  return asked;
}

/** The entries of a page of at most `most`. */
export function cappedItems(
  entries: readonly object[],
  { page, per_page: perPage }: ListPage<object>,
  faults: readonly ListFaultRule[],
): readonly object[] {
  const cap = faults.find((rule) => rule.fault === "capped_page")?.most ?? perPage;
  const size = Math.min(cap, perPage);
  return entries.slice((page - 1) * size, page * size);
}

/** The paging fields of a faulty page. */
export function faultyFields(page: ListPage<object>, faults: readonly ListFaultRule[]): Partial<ListPage<object>> {
  const has = (fault: ListFaultRule["fault"]) => faults.some((rule) => rule.fault === fault);
  return {
    pages: has("null_pages") ? null : page.pages,
    total: has("null_total") ? null : page.total,
    page: has("wrong_page_number") ? 1 : page.page,
  };
}
