import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { loadCsvRooms } from "@building-vitals/ace-simulator/csv-rooms";
import type { ScrapeSource } from "@building-vitals/ace-simulator/scrape-source";
import { DAY_LIMITS } from "@building-vitals/core/r2/period";
import { type NamedSeries, RowGroupWriter } from "@building-vitals/core/parquet/row-group-writer";
import { dayOf, dayRange } from "@building-vitals/core/domain/day";
import type { Bench } from "./bench.ts";

/** 25 rooms of a university building, handed beside the checkout. */
const ROOMS = fileURLToPath(new URL("../../../shared/data/sutardja-dai", import.meta.url));
export const hasRooms = existsSync(ROOMS);

/** The size of real rooms' day files, where the data are there. */
export function benchRooms(bench: Bench): void {
  if (!hasRooms) {
    bench.notes.push("The folder ../shared/data is absent, so real rooms were not measured.");
    return;
  }
  const rooms = loadCsvRooms({ folder: ROOMS });
  let [bytes, rows] = [0, 0];
  for (let day = dayOf(rooms.timeOf(0) / 1000); ; day++) {
    const points = seriesOfDay(rooms, day);
    if (points.length === 0) break;
    bytes += fileBytes(points, day);
    rows += points.reduce((sum, { series }) => sum + series.times.length, 0);
  }
  bench.compare("a day file of 25 real rooms", "bytes a sample", [["day file (this project)", bytes / rows]]);
}

function seriesOfDay(rooms: ScrapeSource, day: number): NamedSeries[] {
  const { start, end } = dayRange(day);
  return rooms.points
    .map(({ name }, point): NamedSeries => {
      const [times, values]: [number[], number[]] = [[], []];
      for (let at = rooms.scrapeAtOrAfter(start * 1000); rooms.timeOf(at) < end * 1000; at++) {
        if (!rooms.hasSample(point, at)) continue;
        times.push(Math.floor(rooms.timeOf(at) / 1000));
        values.push(Number(rooms.valueText(point, at)));
      }
      return { name, series: { times: Float64Array.from(times), values: Float64Array.from(values) } };
    })
    .filter(({ series }) => series.times.length > 0)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Of the file that the writer makes of a day. @param points ascending by name */
function fileBytes(points: readonly NamedSeries[], day: number): number {
  const writer = new RowGroupWriter("sutardja_dai", { day, source: "api" });
  let bytes = 0;
  for (let first = 0; first < points.length; first += DAY_LIMITS.points) {
    bytes += writer.encodeGroup(points.slice(first, first + DAY_LIMITS.points)).bytes.length;
  }
  return bytes + writer.encodeFooter().length;
}
