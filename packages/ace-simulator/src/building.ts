import { equipmentOf } from "./building/equipment.ts";
import { wallClockOf } from "./building/local-time.ts";
import { momentsOf, type Moment } from "./building/moment.ts";
import { seedFor } from "./building/noise.ts";
import { pointRecord } from "./building/point-record.ts";
import type { CollectInterval, Equipment, PointSpec } from "./building/point-spec.ts";
import type { PointRecord, ScrapeSource } from "./scrape-source.ts";
import { SCRAPE_SPACING_SECONDS, scrapeTimes } from "./building/scrape-times.ts";
import { siteRecord } from "./building/site-record.ts";
import { WEATHER_FIELDS } from "./api/weather-endpoint.ts";

interface BuildingOptions {
  readonly seed: number;
  /** site name, for example "ses_falls_city"; the part before the first "_" is its client */
  readonly site: string;
  /** IANA zone of its daily rhythm */
  readonly timezone: string;
  /** points with collection on (default 300) */
  readonly points?: number;
  /** further points that are sampled before their collection is on (default one per 50 points, at least 1) */
  readonly unconfiguredPoints?: number;
  /** seconds between the samples of every point (default: 30 to 600, by point) */
  readonly collectInterval?: CollectInterval;
  /** whether it has a weather feed and its points (default true) */
  readonly weather?: boolean;
  readonly archived?: boolean;
}

/** The interval of points with a `collect_interval` of null, in seconds. */
const DEFAULT_INTERVAL = 60;
/** Scrapes after which the pattern of points repeats: 600 s, a multiple of every interval. */
const PATTERN = 600 / SCRAPE_SPACING_SECONDS;

interface PlacedSpec {
  readonly spec: PointSpec;
  readonly equipment: Equipment;
  /** index in the equipment */
  readonly index: number;
}

function firstSpecs(building: Iterable<Equipment>, count: number): PlacedSpec[] {
  const placed: PlacedSpec[] = [];
  for (const equipment of building) {
    for (const [index, spec] of equipment.points.entries()) {
      if (placed.length === count) return placed;
      placed.push({ spec, equipment, index });
    }
  }
  return placed;
}

/** The UTC hour of 15:00 at the site in January. */
function afternoonUtc(timezone: string): number {
  const januaryNoonUtc = wallClockOf(timezone)(Date.UTC(2024, 0, 15, 12));
  return (12 + 15 - januaryNoonUtc.hour + 24) % 24;
}

/**
 * A simulated office building. Every value is a pure function of (seed, point, time), so any past day can be read, in
 * any order.
 */
export function createBuilding(options: BuildingOptions): ScrapeSource {
  const { site, timezone, points: enabled = 300, collectInterval, weather = true } = options;
  const unconfigured = options.unconfiguredPoints ?? Math.max(1, Math.round(enabled / 50));
  const seed = seedFor(options.seed, site);
  const client = site.split("_")[0] ?? site;
  const total = enabled + unconfigured;
  // the points without collection are spread evenly among the others
  const isEnabled = (index: number): boolean =>
    Math.floor(((index + 1) * unconfigured) / total) === Math.floor((index * unconfigured) / total);

  const specs = firstSpecs(equipmentOf(seed, weather, afternoonUtc(timezone)), total);
  const intervalOf = (spec: PointSpec): CollectInterval | null => collectInterval ?? spec.interval;
  const points: PointRecord[] = specs.map(({ spec, equipment, index }, number) =>
    pointRecord(spec, {
      id: (seed % 900) * 10_000 + number + 1,
      number,
      client,
      site,
      equipment,
      index,
      collectEnabled: isEnabled(number),
      collectInterval: intervalOf(spec),
    }),
  );

  const everyNthScrape = specs.map(({ spec }) => (intervalOf(spec) ?? DEFAULT_INTERVAL) / SCRAPE_SPACING_SECONDS);
  const readAt = Array.from({ length: PATTERN }, (_, scrape) =>
    Int32Array.from([...everyNthScrape.keys()].filter((point) => scrape % everyNthScrape[point]! === 0)),
  );
  const times = scrapeTimes(seed);
  const moments = momentsOf(seed, timezone);
  let moment: Moment | undefined;
  // rows come scrape by scrape: values that a scrape's points share are computed once
  const momentAt = (scrape: number): Moment => {
    if (moment?.scrape !== scrape) moment = moments(scrape, times.timeOf(scrape) / 1000);
    return moment;
  };

  return {
    site: siteRecord({
      id: (seed % 900) + 1,
      name: site,
      client,
      nice_name: site.replaceAll("_", " "),
      archived: options.archived ?? false,
    }),
    points,
    weather: weather ? weatherPoints(points) : undefined,
    scrapeAtOrAfter: (timeUs) => times.atOrAfter(timeUs),
    timeOf: (scrape) => times.timeOf(scrape),
    pointsAt: (scrape) => readAt[scrape % PATTERN]!,
    hasSample: (point, scrape) => scrape % everyNthScrape[point]! === 0,
    valueText(point, scrape) {
      const { spec } = specs[point]!;
      return spec.text(spec.signal(momentAt(scrape)));
    },
  };
}

/** The feed's point numbers by field; a building with fewer points has only the first fields. */
function weatherPoints(points: readonly PointRecord[]): Record<string, number> {
  const numbers = WEATHER_FIELDS.map((field) => {
    return [field, points.findIndex((point) => point.name.endsWith(`/weather/${field}`))] as const;
  });
  return Object.fromEntries(numbers.filter(([, number]) => number >= 0));
}
