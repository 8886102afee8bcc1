import type { Faults } from "../faults/faults.ts";
import { cappedItems, faultyEntries, faultyFields, faultyQuery } from "../faults/list-faults.ts";
import { listPage } from "./list-page.ts";
import { flag } from "./query-parameters.ts";
import type { ScrapeSource } from "../scrape-source.ts";

function answer(all: readonly object[], query: URLSearchParams, faults: Faults): Response {
  const firing = faults.forList();
  const entries = faultyEntries(all, firing);
  const page = listPage(entries, faultyQuery(query, firing));
  return Response.json({ ...page, items: cappedItems(entries, page, firing), ...faultyFields(page, firing) });
}

/** `GET /sites/`: archived sites only on request; `collect_enabled=true` leaves out sites that collect nothing. */
export function serveSites(sources: readonly ScrapeSource[], query: URLSearchParams, faults: Faults): Response {
  const archivedToo = flag(query, "show_archived", false);
  const collectingOnly = flag(query, "collect_enabled", false);
  const shown = sources
    .filter(({ site }) => archivedToo || !site.archived)
    .filter(({ points }) => !collectingOnly || points.some((point) => point.collect_enabled));
  return answer(
    shown.map(({ site }) => site),
    query,
    faults,
  );
}

/** `GET /sites/{site}/points`: every point that the site ever had. */
export function servePoints(source: ScrapeSource, query: URLSearchParams, faults: Faults): Response {
  return answer(source.points, query, faults);
}

/** `GET /sites/{site}/configured_points`: the points with collection on. */
export function serveConfiguredPoints(source: ScrapeSource, query: URLSearchParams, faults: Faults): Response {
  const configured = source.points.filter((point) => point.collect_enabled);
  return answer(configured, query, faults);
}
