import { createMiddleware } from "hono/factory";
import type { Identity } from "../domain/identity.ts";
import { Problem } from "../domain/problem.ts";
import { ACCESS_HEADER, type AccessApplication, type AccessVerifier, accessVerifier } from "./access-jwt.ts";
import { clientOf, FailedLogins } from "./failed-logins.ts";
import { originOf } from "./request-origin.ts";

declare module "hono" {
  interface ContextVariableMap {
    /** set by {@link requireAccess} for a request that a token or an assertion admitted */
    identity: Identity;
  }
}

async function digest(text: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
}

/**
 * Compares two texts in constant time. Hashes them first, because timingSafeEqual requires equal lengths and a length
 * is a hint too.
 */
async function sameText(a: string, b: string): Promise<boolean> {
  const [left, right] = await Promise.all([digest(a), digest(b)]);
  return crypto.subtle.timingSafeEqual(left, right);
}

/** Who is admitted; either of the two suffices. If neither is set, everybody is admitted. */
export interface AccessRules {
  /** the valid bearer token */
  readonly token: string | undefined;
  readonly application: AccessApplication | null;
  /** counts failures of all isolates */
  readonly limiter: RateLimit | undefined;
}

const FAILED = new FailedLogins();

/** One verifier per application and isolate, because it caches the keys. */
const verifiers = new Map<string, AccessVerifier>();

function verifierOf(application: AccessApplication): AccessVerifier {
  const name = `${application.teamDomain} ${application.audience}`;
  const verifier = verifiers.get(name) ?? accessVerifier(application);
  verifiers.set(name, verifier);
  return verifier;
}

/**
 * Counts a request with a wrong token or assertion.
 * @throws {Problem} `too_many_attempts`
 */
async function countFailure(client: string | null, limiter: RateLimit | undefined): Promise<void> {
  if (client !== null && (await FAILED.add(client, Date.now(), limiter))) throw tooMany();
}

/** Methods that change nothing. They are safe if another site makes a browser send them. */
const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * A browser sends the Access cookie with every request, whichever page causes it. A request without either header has
 * no known origin, so it is refused too.
 * @throws {Problem} `cross_site`
 */
function requireOwnOrigin(request: Request): void {
  if (SAFE_METHODS.has(request.method) || originOf(request) === "own") return;
  const detail =
    "A write by Cloudflare Access must come from a page of this host: Sec-Fetch-Site same-origin or none, or its Origin.";
  throw new Problem("cross_site", detail);
}

function tooMany(): Problem {
  return new Problem("too_many_attempts", "Too many requests with a wrong token came from here; wait a minute.");
}

/**
 * Admits a request only with `Authorization: Bearer <token>`, or by Cloudflare Access. A client that failed ten times
 * in a minute is refused for a minute without a check, which stops guessing. A write by Access must come from a page of
 * this host. A write by token may come from anywhere, because no browser sends a token by itself.
 * @param rulesOf who is admitted, from the deployment's settings
 * @param setting the name of the token's setting, for the error's text
 */
export function requireAccess<E extends object>(rulesOf: (env: E) => AccessRules, setting: string) {
  return createMiddleware<{ Bindings: E }>(async (context, next) => {
    const { token, application, limiter } = rulesOf(context.env);
    if (token === undefined && application === null) return next();
    const client = clientOf({ header: (name) => context.req.header(name) });
    if (client !== null && FAILED.isBlocked(client, Date.now())) throw tooMany();
    const given = /^Bearer +(\S+)$/i.exec(context.req.header("authorization") ?? "")?.[1];
    if (token !== undefined && given !== undefined && (await sameText(given, token))) {
      context.set("identity", { kind: "token", name: setting });
      return next();
    }
    const assertion = context.req.header(ACCESS_HEADER);
    const name = application === null || assertion === undefined ? null : await verifierOf(application)(assertion);
    if (name !== null) {
      requireOwnOrigin(context.req.raw);
      context.set("identity", { kind: "access", name });
      return next();
    }
    if (given !== undefined || assertion !== undefined) await countFailure(client, limiter);
    const ways = [
      ...(token === undefined ? [] : [`send the header Authorization: Bearer <${setting}>`]),
      ...(application === null ? [] : ["sign in by Cloudflare Access"]),
    ].join(", or ");
    throw new Problem("unauthorized", `${ways.charAt(0).toUpperCase()}${ways.slice(1)}.`);
  });
}
