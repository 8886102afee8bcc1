/** A site as the API shows it. Strings are nullable in the real one; there is no time zone. */
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
 * Where a simulated site's samples come from. Samples come in scrapes: all points read in one pass share one time.
 * Scrapes are numbered by integers in ascending order of time, so that a page is found by arithmetic or by binary
 * search and nothing but its own scrapes is ever made. Every method is a pure function of its arguments.
 */
export interface SampleSource {
  readonly site: SiteRecord;
  /** a point's index in this list is its number in the methods below */
  readonly points: readonly PointRecord[];
  /** point numbers of the current-weather feed by the feed's field; undefined where the site has no feed */
  readonly weather: Readonly<Record<string, number>> | undefined;
  /** the first scrape whose time is not before `timeUs` (epoch microseconds) */
  scrapeAtOrAfter(timeUs: number): number;
  /** epoch microseconds, an integer, strictly ascending with the scrape; Infinity after the last scrape */
  timeOf(scrape: number): number;
  /** the points that this scrape read, ascending; may be empty */
  pointsAt(scrape: number): ArrayLike<number>;
  /** whether this scrape read the point */
  hasSample(point: number, scrape: number): boolean;
  /** the value as served, of characters that JSON does not escape; only for a point that the scrape read */
  valueText(point: number, scrape: number): string;
}
