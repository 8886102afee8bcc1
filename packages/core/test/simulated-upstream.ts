import type { FaultPlanInput } from "@building-vitals/ace-simulator/faults/fault-plan";
import type { ScrapeSource } from "@building-vitals/ace-simulator/scrape-source";
import { createSimulator } from "@building-vitals/ace-simulator/simulator";
import { vi } from "vitest";

/** The upstream settings of the tested Workers. */
export const UPSTREAM_SETTINGS = { ACE_API_BASE_URL: "https://ace.test/api", ACE_API_KEY: "the-upstream-key" };

/** A simulated upstream behind the `fetch` of the Worker under test. */
export interface SimulatedUpstream {
  /** the requested addresses, in order */
  readonly asked: URL[];
  /** replaceable, to observe or change requests */
  intercept: (request: Request, answer: () => Promise<Response>) => Promise<Response>;
}

/** Until `vi.unstubAllGlobals()`. */
export function simulateUpstreamOf(sources: readonly ScrapeSource[], faults: FaultPlanInput = {}): SimulatedUpstream {
  const simulator = createSimulator({ sources, apiKey: UPSTREAM_SETTINGS.ACE_API_KEY, now: Date.now, faults });
  const upstream: SimulatedUpstream = { asked: [], intercept: (_, answer) => answer() };
  vi.stubGlobal("fetch", (input: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(input, init);
    upstream.asked.push(new URL(request.url));
    return upstream.intercept(request, () => simulator.fetch(request));
  });
  return upstream;
}
