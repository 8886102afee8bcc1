import { type Env as HonoEnv, Hono } from "hono";
import { methodNotAllowed } from "hono/method-not-allowed";
import { secureHeaders } from "hono/secure-headers";
import { Problem } from "../domain/problem.ts";
import { ISOLATE } from "../telemetry/isolate-counters.ts";
import { onError, onNotFound, problemResponse } from "./problem-response.ts";

/** Browsers take nothing of ours for what it is not, and tell nobody where they came from. */
const SECURITY_HEADERS = secureHeaders({
  xContentTypeOptions: "nosniff",
  referrerPolicy: "no-referrer",
  xFrameOptions: "DENY",
  contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
  // What the rest says of other origins is for CORS to say; transport security is the zone's setting.
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
 * A point's name of 10,000 characters takes up to 120,000 in an address, escaped. Cloudflare itself takes 16 KB; this is
 * what holds everywhere else.
 */
const MAX_URL_LENGTH = 128 * 1024;

/** A Worker's app: whatever goes wrong is a problem, and a method that an address does not take is told those it does. */
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
