import { type AceClient, createAceClient } from "../ace/client.ts";
import { parseRetryAfter } from "../ace/retry.ts";
import type { AceFetch } from "../ace/transport.ts";
import type { JobDay } from "./job-days.ts";
import type { RequestPace } from "./request-pace.ts";

/** Retries within a step. After them the engine repeats the whole step, possibly hours later. */
const RETRIES = 2;

interface PacedClientConfig {
  readonly baseUrl: string;
  readonly apiKey: string;
  /** see `createAceClient` */
  readonly timeoutMs?: number;
  readonly maxBodyBytes?: number;
  readonly pace: RequestPace;
  /** the day that its requests count for; absent: not counted */
  readonly day?: JobDay;
  readonly fetch: AceFetch;
  readonly sleep: (ms: number) => Promise<void>;
  /** epoch ms */
  readonly now: () => number;
}

/**
 * An ACE client that takes a slot for each request, retries included. It waits for slots outside the call, so that the
 * wait does not count towards the timeout.
 */
export function createPacedClient({ pace, day, ...config }: PacedClientConfig): AceClient {
  const takeSlot = (isRetry: boolean) => pace.take(day === undefined ? undefined : { day, isRetry });
  const client = createAceClient({
    ...config,
    retries: RETRIES,
    fetch: async (url, init) => {
      const response = await config.fetch(url, init);
      if (response.status === 429) {
        await pace.slowDown(parseRetryAfter(response.headers.get("retry-after"), config.now()) ?? 0);
      }
      return response;
    },
    // The client sleeps only before a retry.
    sleep: async (ms) => {
      await config.sleep(ms);
      await takeSlot(true);
    },
  });
  const paced = async <T>(call: () => Promise<T>): Promise<T> => {
    await takeSlot(false);
    return call();
  };
  return {
    get calls() {
      return client.calls;
    },
    get totalLatencyMs() {
      return client.totalLatencyMs;
    },
    get meanLatencyMs() {
      return client.meanLatencyMs;
    },
    sites: (options) => paced(() => client.sites(options)),
    points: (site, options) => paced(() => client.points(site, options)),
    configuredPoints: (site, options) => paced(() => client.configuredPoints(site, options)),
    weather: (site, options) => paced(() => client.weather(site, options)),
    pointSamples: (site, name, range, options) => paced(() => client.pointSamples(site, name, range, options)),
    timeseriesPages: async function* (site, range, options) {
      const pages = client.timeseriesPages(site, range, options);
      for (let last = false; !last;) {
        await takeSlot(false);
        const { value, done } = await pages.next();
        if (done === true) return;
        last = value.next === null;
        yield value;
      }
    },
  };
}
