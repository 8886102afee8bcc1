import type { NamedSamples } from "../domain/samples.ts";
import type { TimeRange } from "../domain/time-range.ts";
import { storedPointName } from "../domain/weather.ts";
import { AceError } from "./ace-error.ts";
import { fetchList } from "./list.ts";
import { type AcePoint, acePointSchema } from "./point.ts";
import { fetchPointSamples, type PointAnswer } from "./point-samples.ts";
import { type AceSite, aceSiteSchema } from "./site.ts";
import { type AcePage, timeseriesPages, type TimeseriesOptions } from "./timeseries.ts";
import { type AceFetch, type CallOptions, Transport } from "./transport.ts";
import { type AceWeather, decodeWeather } from "./weather.ts";

interface AceClientConfig {
  /** for example `https://flightdeck.aceiot.cloud/api` */
  readonly baseUrl: string;
  readonly apiKey: string;
  /** maximum time of one call, including the body, in milliseconds; default 30,000 */
  readonly timeoutMs?: number;
  /** maximum body size, decompressed, in bytes; default {@link DEFAULT_MAX_BODY_BYTES} */
  readonly maxBodyBytes?: number;
  /** retries of a failed call; default 3 */
  readonly retries?: number;
  /** nominal wait before the first retry, then doubling, in milliseconds; default 2,000 */
  readonly backoffMs?: number;
  /** for tests, and for callers that pace their requests */
  readonly fetch?: AceFetch;
  readonly sleep?: (ms: number) => Promise<void>;
  /** uniform in [0, 1) */
  readonly random?: () => number;
  /** epoch milliseconds */
  readonly now?: () => number;
}

/**
 * The ACE IoT API, read only. Methods throw only {@link AceError}. Lists and pages name points as they are stored
 * ({@link storedPointName}).
 */
export interface AceClient {
  /** calls made, including retries */
  readonly calls: number;
  /** time spent in calls, without the waits between them, in milliseconds */
  readonly totalLatencyMs: number;
  /** 0 before the first call */
  readonly meanLatencyMs: number;
  sites(options?: CallOptions): Promise<AceSite[]>;
  /** all points of a site */
  points(site: string, options?: CallOptions): Promise<AcePoint[]>;
  /** the collect-enabled points of a site */
  configuredPoints(site: string, options?: CallOptions): Promise<AcePoint[]>;
  /** null for a site without a weather feed */
  weather(site: string, options?: CallOptions): Promise<AceWeather | null>;
  /** the samples of one point, by its stored name; none if the API does not know it */
  pointSamples(site: string, name: string, range: TimeRange, options?: CallOptions): Promise<PointAnswer>;
  /** see {@link timeseriesPages} */
  timeseriesPages(site: string, range: TimeRange, options?: TimeseriesOptions): AsyncGenerator<AcePage, void, void>;
}

/** 500,000 rows with long names are about 100 MB. */
const DEFAULT_MAX_BODY_BYTES = 128_000_000;

/** @throws {RangeError} if the key is not a valid header value */
export function createAceClient(config: AceClientConfig): AceClient {
  const now = config.now ?? Date.now;
  const transport = new Transport({
    baseUrl: config.baseUrl,
    apiKey: config.apiKey,
    timeoutMs: config.timeoutMs ?? 30_000,
    maxBodyBytes: config.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES,
    retries: config.retries ?? 3,
    backoffMs: config.backoffMs ?? 2000,
    fetch: config.fetch ?? ((url, init) => fetch(url, init)),
    sleep: config.sleep ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms))),
    random: config.random ?? Math.random,
    now,
  });
  const sitePath = (site: string, rest: string) => `/sites/${encodeURIComponent(site)}/${rest}`;
  const pointsAt = async (site: string, rest: string, options: CallOptions) => {
    const points = await fetchList(transport, sitePath(site, rest), acePointSchema, options);
    return points.map((point) => ({ ...point, name: storedPointName(site, point.name) }));
  };
  const storedNames = (site: string, { names }: NamedSamples) => names.map((name) => storedPointName(site, name));

  return {
    get calls() {
      return transport.calls;
    },
    get totalLatencyMs() {
      return transport.latencyMs;
    },
    get meanLatencyMs() {
      return transport.calls === 0 ? 0 : transport.latencyMs / transport.calls;
    },
    sites: (options = {}) => fetchList(transport, "/sites/", aceSiteSchema, options),
    points: (site, options = {}) => pointsAt(site, "points", options),
    configuredPoints: (site, options = {}) => pointsAt(site, "configured_points", options),
    weather: async (site, options = {}) => {
      const path = sitePath(site, "weather");
      const read = (body: unknown) => decodeWeather(body, now(), path);
      try {
        return await transport.get({ ...options, path, query: () => ({}), read });
      } catch (error) {
        if (error instanceof AceError && error.status === 404) return null;
        throw error;
      }
    },
    pointSamples: async (site, name, range, options = {}) => {
      const answer = await fetchPointSamples(transport, now, name, range, options);
      return { ...answer, samples: { ...answer.samples, names: storedNames(site, answer.samples) } };
    },
    timeseriesPages: async function* (site, range, options = {}) {
      for await (const page of timeseriesPages(transport, now, site, range, options)) {
        yield { ...page, samples: { ...page.samples, names: storedNames(site, page.samples) } };
      }
    },
  };
}
