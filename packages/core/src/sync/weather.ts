import type { AceClient } from "../ace/client.ts";
import { addWeatherPoints, type Catalog, loadCatalog } from "../catalog/catalog.ts";
import { type RejectedRecord, recordText, type RejectionCounts, totalRejected } from "../domain/rejection.ts";
import { NO_SAMPLES, type PointSamples } from "../domain/samples.ts";
import { weatherPointName } from "../domain/weather.ts";
import { weatherSamples } from "../transform/weather-points.ts";
import { findSettled } from "./settled-readings.ts";

export interface WeatherRead {
  readonly samples: PointSamples;
  /** point ids of readings that their day's file already has: a stuck feed serves them again and again */
  readonly settled: readonly number[];
  /** number of values that the feed served: samples, settled and rejected ones */
  readonly records: number;
  readonly rejected: RejectionCounts;
  /** each rejected value, under the name of its point, otherwise as the feed has it */
  readonly rejectedRecords: readonly RejectedRecord[];
  /** the catalogue, with weather points that this reading added */
  readonly catalog: Catalog;
}

/** Timeout of one call for the weather, in ms. Samples wait for it. */
const CALL_TIMEOUT_MS = 5_000;

/**
 * Reads a site's weather, and creates its points on their first reading. A site without a feed has no values.
 * @throws {AceError}; the error of D1
 */
export async function readWeather(
  db: D1Database,
  ace: AceClient,
  site: string,
  siteId: number,
  catalog: Catalog,
  deadline: number,
): Promise<WeatherRead> {
  const weather = await ace.weather(site, { deadline, timeoutMs: CALL_TIMEOUT_MS });
  if (weather === null) {
    return { samples: NO_SAMPLES, settled: [], records: 0, rejected: {}, rejectedRecords: [], catalog };
  }
  // Includes a known point that is not collected: the feed has it.
  const names = weather.readings.map(({ field }) => weatherPointName(field));
  const added = names.filter((name) => catalog.get(name)?.configured !== true);
  let known = catalog;
  if (added.length > 0) {
    await addWeatherPoints(db, siteId, added);
    known = await loadCatalog(db, siteId);
  }
  const idOf = (name: string) => {
    const point = known.get(name);
    if (point === undefined) throw new Error("the catalogue lost a weather point");
    return point.id;
  };
  const samples = weatherSamples(weather.readings, idOf);
  const settled = await findSettled(db, siteId, known, samples);
  const others = weather.readings.filter((_, i) => !settled.has(i));
  return {
    samples: weatherSamples(others, idOf),
    settled: [...settled].map((i) => samples.pointIds[i]!),
    records: weather.readings.length + totalRejected(weather.rejected),
    rejected: weather.rejected,
    rejectedRecords: weather.rejectedReadings.map(({ field, reason, given }) => {
      const name = field === null ? null : weatherPointName(field);
      const reading = typeof given === "object" ? given : { value: given };
      return { reason, record: recordText({ name, ...reading }) };
    }),
    catalog: known,
  };
}
