import { createMiddleware } from "hono/factory";
import type { Identity } from "../domain/identity.ts";
import { Problem } from "../domain/problem.ts";
import { ACCESS_HEADER, type AccessApplication, type AccessVerifier, accessVerifier } from "./access-jwt.ts";
import { clientOf, FailedLogins } from "./failed-logins.ts";
import { originOf } from "./request-origin.ts";

declare module "hono" {
  interface ContextVariableMap {
    /** set by {@link requireAccess} for a request that it let pass by a token or an assertion */
    identity: Identity;
  }
}

async function digest(text: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
}

/**
 * Whether two texts are equal, in a time that tells nothing of where they differ. Hashed first, for timingSafeEqual
 * takes equal lengths only, and a length is a hint too.
 */
async function sameText(a: string, b: string): Promise<boolean> {
  const [left, right] = await Promise.all([digest(a), digest(b)]);
  return crypto.subtle.timingSafeEqual(left, right);
}

/** Who may pass; one of the two is enough. Where neither is set, everybody may. */
export interface AccessRules {
  /** the bearer token that is right */
  readonly token: string | undefined;
  readonly application: AccessApplication | null;
  /** counts failures beyond this isolate */
  readonly limiter: RateLimit | undefined;
}

const FAILED = new FailedLogins();

/** One of each application and isolate, for it keeps the keys. */
const verifiers = new Map<string, AccessVerifier>();

function verifierOf(application: AccessApplication): AccessVerifier {
  const name = `${application.teamDomain} ${application.audience}`;
  const verifier = verifiers.get(name) ?? accessVerifier(application);
  verifiers.set(name, verifier);
  return verifier;
}

/** Counts a request that came with a token or an assertion which is none. @throws {Problem} `too_many_attempts` */
async function countFailure(client: string | null, limiter: RateLimit | undefined): Promise<void> {
  if (client !== null && (await FAILED.add(client, Date.now(), limiter))) throw tooMany();
}

/** Methods that change nothing, so that another site gains nothing by having a browser send them. */
const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * A browser sends the Access cookie by itself, whichever page makes it ask. Without either header nothing shows where the
 * request comes from, so it is refused too.
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
 * Lets a request pass only with `Authorization: Bearer <token>`, or by Cloudflare Access. A client that failed
 * ten times in a minute is not even asked for a minute, so that guesses cannot go on. A write by Access must come from a
 * page of this host; a bearer token is sent by nobody unasked, so it may come from anywhere.
 * @param rulesOf who may pass, from the deployment's settings
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
