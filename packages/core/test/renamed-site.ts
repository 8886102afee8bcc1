import type { ScrapeSource } from "@building-vitals/ace-simulator/scrape-source";

/** The same building as another site. Its weather is named after the site, so that it stays the site's own. */
export function renamedSite(source: ScrapeSource, name: string): ScrapeSource {
  const nameOf = (point: string) => point.replace(`/${source.site.name}/weather/`, `/${name}/weather/`);
  const points = source.points.map((point) => ({ ...point, name: nameOf(point.name) }));
  return { ...source, site: { ...source.site, name }, points };
}
