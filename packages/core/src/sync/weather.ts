import type { AceClient } from "../ace/client.ts";
import { addWeatherPoints, type Catalog, loadCatalog } from "../catalog/catalog.ts";
import { type RejectedRecord, recordText, type RejectionCounts, totalRejected } from "../domain/rejection.ts";
import { NO_SAMPLES, type PointSamples } from "../domain/samples.ts";
import { findArchived } from "./archived-readings.ts";
import { describeWeatherPoint, weatherPointName, weatherSamples } from "../transform/weather-points.ts";

export interface WeatherRead {
  readonly samples: PointSamples;
  /** points whose reading is in the archive already: a feed that is stuck goes on serving it */
  readonly archived: ReadonlySet<number>;
  /** values that the feed served: samples, archived and rejected ones */
  readonly records: number;
  readonly rejected: RejectionCounts;
  /** each of these, under the name of its point and otherwise as the feed has it */
  readonly rejectedRecords: readonly RejectedRecord[];
  /** the catalogue, with weather points that this reading brought */
  readonly catalog: Catalog;
}

/** The longest that one call for the weather may take: milliseconds. Samples wait for it. */
const CALL_TIMEOUT_MS = 5_000;

/**
 * Reads a site's weather, and makes its points when they come for the first time. A site without a feed has no values.
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
    return { samples: NO_SAMPLES, archived: new Set(), records: 0, rejected: {}, rejectedRecords: [], catalog };
  }
  // also one that the data brought up first, or that the upstream's list has dropped: the feed has it
  const added = weather.readings.filter((reading) => catalog.get(weatherPointName(reading.field))?.configured !== true);
  let known = catalog;
  if (added.length > 0) {
    await addWeatherPoints(
      db,
      siteId,
      added.map((reading) => describeWeatherPoint(reading.field)),
    );
    known = await loadCatalog(db, siteId);
  }
  const idOf = (name: string) => {
    const point = known.get(name);
    if (point === undefined) throw new Error(`the catalogue lost ${name}`);
    return point.id;
  };
  const archived = await findArchived(db, siteId, known, weatherSamples(weather.readings, idOf));
  const others = weather.readings.filter(({ field }) => !archived.has(idOf(weatherPointName(field))));
  return {
    samples: weatherSamples(others, idOf),
    archived,
    records: weather.readings.length + totalRejected(weather.rejected),
    rejected: weather.rejected,
    rejectedRecords: weather.rejectedReadings.map(({ field, reason, given }) => {
      const reading = typeof given === "object" ? given : { value: given };
      return { reason, record: recordText({ name: weatherPointName(field), ...reading }) };
    }),
    catalog: known,
  };
}
