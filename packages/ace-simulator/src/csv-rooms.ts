import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { parseMicroseconds } from "./api/ace-time.ts";
import type { PointRecord, ScrapeSource } from "./scrape-source.ts";
import { siteRecord } from "./building/site-record.ts";
import { pythonFloat } from "./building/value-text.ts";

const CLIENT = "soda";
const SITE = "sutardja_dai";

const UNITS = new Map([
  ["co2", "partsPerMillion"],
  ["humidity", "percentRelativeHumidity"],
  ["light", "luxes"],
  ["pir", "noUnits"],
  ["temperature", "degreesCelsius"],
]);

interface CsvRoomsOptions {
  /** folder of `<room>.csv.gz` files with the columns timestamp (UTC), then one per sensor */
  readonly folder: string;
  /** added to every time, ms; replays old data as recent */
  readonly shiftMs?: number;
}

/** One column of a room: a value for each row that has one. */
interface Column {
  readonly room: string;
  readonly name: string;
  readonly timesMs: readonly number[];
  readonly values: readonly number[];
}

function readRoom(folder: string, file: string): Column[] {
  const [header = "", ...lines] = gunzipSync(readFileSync(join(folder, file)))
    .toString("utf8")
    .trimEnd()
    .split("\n");
  const [, ...names] = header.trim().split(",");
  const columns = names.map((name) => ({
    room: file.replace(".csv.gz", ""),
    name,
    timesMs: [] as number[],
    values: [] as number[],
  }));
  for (const line of lines) {
    const [time = "", ...cells] = line.trim().split(",");
    const timeUs = parseMicroseconds(time);
    if (timeUs === undefined) throw new Error(`${file}: ${JSON.stringify(time)} is no time`);
    for (const [index, column] of columns.entries()) {
      const cell = cells[index] ?? "";
      if (cell === "") continue;
      const value = Number(cell);
      if (!Number.isFinite(value)) throw new Error(`${file}: ${JSON.stringify(cell)} at ${time} is no number`);
      column.timesMs.push(timeUs / 1000);
      column.values.push(value);
    }
  }
  return columns;
}

function record(column: Column, id: number): PointRecord {
  return {
    id,
    name: `${CLIENT}/${SITE}/${column.room}/${column.name}`,
    client: CLIENT,
    site: SITE,
    kv_tags: { room: column.room },
    marker_tags: ["zone", column.name, "sensor", "point"],
    bacnet_data: {
      device_name: `Room ${column.room}`,
      object_name: `${column.room} ${column.name}`,
      object_type: "analogInput",
      object_index: id,
      object_units: UNITS.get(column.name) ?? "noUnits",
    },
    collect_config: {},
    point_type: "bacnet",
    collect_enabled: true,
    collect_interval: 60,
    updated: "2013-08-23T23:00:00.000000",
    created: "2013-08-23T23:00:00.000000",
  };
}

/** The index of the first of ascending `times` that is at least `time`. */
function lowerBound(times: Float64Array, time: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[middle]! < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * A replay of measured rooms. Every value is a text that parses to the double in the file.
 * @throws Error if the folder cannot be read or a file has unexpected content
 */
export function loadCsvRooms({ folder, shiftMs = 0 }: CsvRoomsOptions): ScrapeSource {
  const files = readdirSync(folder)
    .filter((file) => file.endsWith(".csv.gz"))
    .sort();
  const columns = files.flatMap((file) => readRoom(folder, file));
  const timesMs = Float64Array.from(new Set(columns.flatMap((column) => column.timesMs))).sort();
  const scrapeOf = new Map(Array.from(timesMs, (timeMs, scrape) => [timeMs, scrape]));
  // one row per scrape for each point, NaN where it was not read
  const values = columns.map((column) => {
    const row = new Float64Array(timesMs.length).fill(Number.NaN);
    for (const [index, timeMs] of column.timesMs.entries()) row[scrapeOf.get(timeMs)!] = column.values[index]!;
    return row;
  });
  const timesUs = timesMs.map((timeMs) => (timeMs + shiftMs) * 1000);
  const hasSample = (point: number, scrape: number): boolean => !Number.isNaN(values[point]?.[scrape] ?? Number.NaN);
  const everyPoint = [...columns.keys()];

  return {
    site: siteRecord({ id: 1, name: SITE, client: CLIENT, nice_name: "Sutardja Dai Hall", archived: false }),
    points: columns.map((column, index) => record(column, index + 1)),
    weather: undefined,
    scrapeAtOrAfter: (timeUs) => lowerBound(timesUs, timeUs),
    timeOf: (scrape) => timesUs[scrape] ?? (scrape < 0 ? -Infinity : Infinity),
    pointsAt: (scrape) => everyPoint.filter((point) => hasSample(point, scrape)),
    hasSample,
    valueText: (point, scrape) => pythonFloat(values[point]![scrape]!),
  };
}
