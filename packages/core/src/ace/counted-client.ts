import { statusClass, type Tally } from "../domain/counts.ts";
import type { AceClient } from "./client.ts";
import type { AceFetch } from "./transport.ts";

interface CallHooks {
  readonly fetch: AceFetch;
  readonly sleep: (ms: number) => Promise<void>;
}

/**
 * Counts a client's work: `requests:<status class>` (`none`: no answer), `retries` and `pages`.
 * @param create makes the client with counting hooks
 * @param hooks the client's hooks without counting
 */
export function countedClient(tally: Tally, hooks: CallHooks, create: (hooks: CallHooks) => AceClient): AceClient {
  const { fetch, sleep } = hooks;
  const client = create({
    fetch: async (url, init) => {
      let status = "none";
      try {
        const response = await fetch(url, init);
        status = statusClass(response.status);
        return response;
      } finally {
        tally.add(`requests:${status}`);
      }
    },
    // a client sleeps only before a retry
    sleep: async (ms) => {
      tally.add("retries");
      await sleep(ms);
    },
  });
  const pages: AceClient["timeseriesPages"] = async function* (site, range, options) {
    for await (const page of client.timeseriesPages(site, range, options)) {
      tally.add("pages");
      yield page;
    }
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
    sites: (options) => client.sites(options),
    points: (site, options) => client.points(site, options),
    configuredPoints: (site, options) => client.configuredPoints(site, options),
    weather: (site, options) => client.weather(site, options),
    pointSamples: (site, name, range, options) => client.pointSamples(site, name, range, options),
    timeseriesPages: pages,
  };
}
