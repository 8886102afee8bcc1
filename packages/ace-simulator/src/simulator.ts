import { CursorTrail } from "./api/cursor-trail.ts";
import { faultPlanSchema, type Fault, type FaultPlanInput } from "./faults/fault-plan.ts";
import { Faults } from "./faults/faults.ts";
import { serveConfiguredPoints, servePoints, serveSites } from "./api/list-endpoints.ts";
import { InvalidQuery } from "./api/query-parameters.ts";
import { RequestLog } from "./api/request-log.ts";
import { answerWithFault, sleep, type Sleep } from "./faults/response-faults.ts";
import { matchRoute, type Endpoint, type Route } from "./api/route.ts";
import type { ScrapeSource } from "./scrape-source.ts";
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
  /** one per site, with distinct site names and point names */
  readonly sources: readonly ScrapeSource[];
  /** the only accepted key */
  readonly apiKey: string;
  /** the service's clock, epoch milliseconds; later samples are not served */
  readonly now: () => number;
  /** whether next_cursor drops the incoming offset, like the real server's (default true) */
  readonly cursorFault?: boolean;
  /** the initial faults (default none) */
  readonly faults?: FaultPlanInput;
  /** the wait of the `hang` fault (default a timer) */
  readonly sleep?: Sleep;
}

interface SimulatorStats {
  /** requests of the API by endpoint; endpoints without any are absent */
  readonly requests: Partial<Record<Endpoint, number>>;
  /** firings of the current plan's faults; faults without any are absent */
  readonly faults: Partial<Record<Fault, number>>;
}

export interface Simulator {
  /**
   * Answers requests under `/api/` like the service. Under `/_simulator/`: `POST faults` sets a fault plan, `DELETE
   * faults` clears it, `GET stats` counts requests and faults. Rejects only if a fault breaks the connection, or the
   * request's signal aborts a hanging answer.
   */
  fetch(request: Request): Promise<Response>;
}

/** A fake of the ACE IoT API over the given samples. It uses Web APIs only, so it runs in Node and in workerd. */
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
    // the service's router redirects to the address with the slash
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

/** @returns the refusal of a request without the key; undefined with it */
function refuseUnauthorized(request: Request, apiKey: string): Response | undefined {
  const header = request.headers.get("authorization");
  const bearer = header === null ? null : /^Bearer +(\S+)$/i.exec(header);
  if (!bearer) return missingKey();
  return bearer[1] === apiKey ? undefined : unhandledException();
}

/** @returns undefined for invalid JSON; no schema accepts it */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
