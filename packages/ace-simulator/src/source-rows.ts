import { formatMicroseconds } from "./api/ace-time.ts";
import type { ScrapeSource } from "./scrape-source.ts";
import type { Row } from "./simulator-client.ts";

/** An oracle: the source's samples of [startMs, endMs), read point by point, unlike the simulator. */
export function sourceRows(source: ScrapeSource, startMs: number, endMs: number): Row[] {
  const rows: { row: Row; scrape: number; point: number }[] = [];
  for (const [point, { name }] of source.points.entries()) {
    for (let scrape = source.scrapeAtOrAfter(startMs * 1000); source.timeOf(scrape) < endMs * 1000; scrape++) {
      if (!source.hasSample(point, scrape)) continue;
      const row = { name, value: source.valueText(point, scrape), time: formatMicroseconds(source.timeOf(scrape)) };
      rows.push({ row, scrape, point });
    }
  }
  rows.sort((a, b) => a.scrape - b.scrape || a.point - b.point);
  return rows.map(({ row }) => row);
}
