/** A site as the API shows it. The real one's strings are nullable; it has no time zone. */
export interface SiteRecord {
  readonly id: number;
  readonly name: string;
  readonly client: string;
  readonly nice_name: string | null;
  readonly address: string | null;
  readonly latitude: number | null;
  readonly longitude: number | null;
  readonly geo_location: string | null;
  readonly archived: boolean;
  readonly mqtt_prefix: string | null;
  readonly vtron_ip: string | null;
  readonly ansible_user: string | null;
}

/** A point as the API shows it. */
export interface PointRecord {
  readonly id: number;
  readonly name: string;
  readonly client: string;
  readonly site: string;
  readonly kv_tags: Readonly<Record<string, string>>;
  readonly marker_tags: readonly string[];
  readonly bacnet_data: Readonly<Record<string, string | number>>;
  readonly collect_config: Readonly<Record<string, string>>;
  readonly point_type: string | null;
  readonly collect_enabled: boolean;
  /** seconds */
  readonly collect_interval: number | null;
  /** naive ISO-8601, UTC */
  readonly updated: string;
  readonly created: string;
}

/**
 * The samples of a simulated site. A scrape reads points in one pass, with one time for all. Scrapes are numbered in
 * order of time, so that a page is found by arithmetic or binary search, and only its own scrapes are generated. Every
 * method is a pure function.
 */
export interface ScrapeSource {
  readonly site: SiteRecord;
  /** a point's index in this list is its number in the methods below */
  readonly points: readonly PointRecord[];
  /** point numbers of the current weather by field; undefined: the site has no feed */
  readonly weather: Readonly<Record<string, number>> | undefined;
  /** the first scrape at or after `timeUs` (epoch microseconds) */
  scrapeAtOrAfter(timeUs: number): number;
  /** epoch microseconds, an integer, strictly ascending with the scrape; Infinity after the last scrape */
  timeOf(scrape: number): number;
  /** the points of this scrape, ascending; may be empty */
  pointsAt(scrape: number): ArrayLike<number>;
  /** whether this scrape read the point */
  hasSample(point: number, scrape: number): boolean;
  /** the served value, of characters that JSON does not escape; only for a point of the scrape */
  valueText(point: number, scrape: number): string;
}
