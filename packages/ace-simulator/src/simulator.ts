import { CursorTrail } from "./api/cursor-trail.ts";
import { faultPlanSchema, type Fault, type FaultPlanInput } from "./faults/fault-plan.ts";
import { Faults } from "./faults/faults.ts";
import { serveConfiguredPoints, servePoints, serveSites } from "./api/list-endpoints.ts";
import { InvalidQuery } from "./api/query-parameters.ts";
import { RequestLog } from "./api/request-log.ts";
import { answerWithFault, sleep, type Sleep } from "./faults/response-faults.ts";
import { matchRoute, type Endpoint, type Route } from "./api/route.ts";
import type { SampleSource } from "./sample-source.ts";
import { servePointTimeseries, serveTimeseries } from "./api/timeseries-endpoint.ts";
import {
  forbiddenSite,
  invalidPayload,
  methodNotAllowed,
  missingKey,
  noSuchRecord,
  noSuchUrl,
  unhandledException,
} from "./api/vendor-errors.ts";
import { visibilityAt } from "./faults/visibility.ts";
import { serveWeather } from "./api/weather-endpoint.ts";

interface SimulatorOptions {
  /** one a site, with distinct site names and point names */
  readonly sources: readonly SampleSource[];
  /** the one key that is let in */
  readonly apiKey: string;
  /** the service's clock, epoch milliseconds: no later sample is served */
  readonly now: () => number;
  /** whether next_cursor forgets the incoming offset, as the real server's does (default true) */
  readonly cursorFault?: boolean;
  /** what goes wrong from the start (default nothing) */
  readonly faults?: FaultPlanInput;
  /** how the `hang` fault waits (default a timer) */
  readonly sleep?: Sleep;
}

interface SimulatorStats {
  /** requests of the API by endpoint; an endpoint that got none is absent */
  readonly requests: Partial<Record<Endpoint, number>>;
  /** firings of the current plan's faults; a fault that did not fire is absent */
  readonly faults: Partial<Record<Fault, number>>;
}

export interface Simulator {
  /**
   * Answers a request under `/api/` as the service would, and those under `/_simulator/` about the simulator itself:
   * `POST /_simulator/faults` with a fault plan, `DELETE` to clear it, `GET /_simulator/stats`.
   * Rejects only where a fault breaks the connection or the request's signal aborts a hanging one.
   */
  fetch(request: Request): Promise<Response>;
}

/** A fake of the ACE IoT API over the given samples. Uses Web APIs only, so that it runs in Node and in workerd. */
export function createSimulator(options: SimulatorOptions): Simulator {
  const sites = new Map(options.sources.map((source) => [source.site.name, source]));
  const points = new Map(
    options.sources.flatMap((source) =>
      source.points.map((point, number) => [point.name, { source, number }] as const),
    ),
  );
  const log = new RequestLog();
  const trail = new CursorTrail();
  let faults = new Faults(faultPlanSchema.parse(options.faults ?? {}));

  function serve(route: Route, query: URLSearchParams): Response {
    if (route.endpoint === "sites") return serveSites(options.sources, query, faults);
    const visibility = visibilityAt(faults.plan, options.now());
    if (route.endpoint === "point_timeseries") {
      const point = points.get(route.point);
      return point ? servePointTimeseries(point.source, point.number, query, visibility) : noSuchRecord();
    }
    const source = sites.get(route.site);
    if (!source) return forbiddenSite();
    switch (route.endpoint) {
      case "site":
        return Response.json(source.site);
      case "points":
        return servePoints(source, query, faults);
      case "configured_points":
        return serveConfiguredPoints(source, query, faults);
      case "weather":
        return serveWeather(source, visibility, faults.forWeather()?.form);
      case "timeseries":
        return serveTimeseries(source, query, {
          visibility,
          faults,
          trail,
          cursorFault: options.cursorFault ?? true,
        });
    }
  }

  function answer(request: Request, route: Route, query: URLSearchParams): Response {
    if (request.method !== "GET") return methodNotAllowed();
    const refusal = refuseUnauthorized(request, options.apiKey);
    if (refusal) return refusal;
    try {
      return serve(route, query);
    } catch (error) {
      if (error instanceof InvalidQuery) return invalidPayload(error);
      throw error;
    }
  }

  async function control(request: Request, pathname: string): Promise<Response> {
    switch (`${request.method} ${pathname}`) {
      case "GET /_simulator/stats": {
        const stats: SimulatorStats = { requests: log.counts(), faults: faults.fired() };
        return Response.json(stats);
      }
      case "DELETE /_simulator/faults":
        faults = new Faults(faultPlanSchema.parse({}));
        return new Response(null, { status: 204 });
      case "POST /_simulator/faults": {
        const text = await request.text();
        const plan = faultPlanSchema.safeParse(parseJson(text));
        if (!plan.success) return Response.json({ message: plan.error.message }, { status: 400 });
        faults = new Faults(plan.data);
        return Response.json(plan.data);
      }
      default:
        return noSuchUrl();
    }
  }

  async function fetch(request: Request): Promise<Response> {
    const url = new URL(request.url);
    if (url.pathname.startsWith("/_simulator/")) return control(request, url.pathname);
    // the service's router adds the slash that the client forgot, at the price of a round trip
    if (url.pathname === "/api/sites") return Response.redirect(`${url.origin}/api/sites/${url.search}`, 308);
    const route = matchRoute(url.pathname);
    if (!route) return noSuchUrl();
    log.note(route.endpoint);
    const fault = faults.forResponse(route.endpoint);
    const normal = () => answer(request, route, url.searchParams);
    return fault ? answerWithFault(fault, normal, request.signal, options.sleep ?? sleep) : normal();
  }

  return { fetch };
}

/** @returns the refusal of a request that does not carry the key, undefined if it does */
function refuseUnauthorized(request: Request, apiKey: string): Response | undefined {
  const header = request.headers.get("authorization");
  const bearer = header === null ? null : /^Bearer +(\S+)$/i.exec(header);
  if (!bearer) return missingKey();
  return bearer[1] === apiKey ? undefined : unhandledException();
}

/** @returns undefined, which no schema accepts, if the text is no JSON */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
