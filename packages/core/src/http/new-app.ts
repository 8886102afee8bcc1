import { type Env as HonoEnv, Hono } from "hono";
import { methodNotAllowed } from "hono/method-not-allowed";
import { secureHeaders } from "hono/secure-headers";
import { Problem } from "../domain/problem.ts";
import { ISOLATE } from "../telemetry/isolate-counters.ts";
import { onError, onNotFound, problemResponse } from "./problem-response.ts";

/** Browsers must not guess content types, embed our pages, or send our addresses as referrer. */
const SECURITY_HEADERS = secureHeaders({
  xContentTypeOptions: "nosniff",
  referrerPolicy: "no-referrer",
  xFrameOptions: "DENY",
  contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
  // CORS handles other origins; transport security is a setting of the zone.
  crossOriginResourcePolicy: false,
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
  strictTransportSecurity: false,
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
  overwrite: false,
});

/**
 * A point name of 10,000 characters takes up to 120,000 in an address, because it is escaped. Cloudflare limits
 * addresses to 16 KB; this limit also holds in local runs.
 */
const MAX_URL_LENGTH = 128 * 1024;

/**
 * A Worker's app. Every error becomes a problem response. A method that a path does not support gets 405 with the
 * supported methods.
 */
export function newApp<E extends HonoEnv>(): Hono<E> {
  const app = new Hono<E>();
  app.onError(onError);
  app.notFound(onNotFound);
  app.use(async (context, next) => {
    await next();
    ISOLATE.addRequest(context.res.status);
  });
  app.use(SECURITY_HEADERS);
  app.use(async (context, next) => {
    if (context.req.url.length <= MAX_URL_LENGTH) return next();
    throw new Problem("address_too_long", `The address is longer than ${MAX_URL_LENGTH} characters.`);
  });
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed: (context, methods) => {
        const allow = [...methods, "OPTIONS"].join(", ");
        if (context.req.method === "OPTIONS") return new Response(null, { status: 204, headers: { allow } });
        const detail = `${context.req.path} does not take ${context.req.method}; it takes ${allow}.`;
        const response = problemResponse(new Problem("method_not_allowed", detail));
        response.headers.set("allow", allow);
        return response;
      },
    }),
  );
  return app;
}
