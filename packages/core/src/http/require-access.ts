import { createMiddleware } from "hono/factory";
import { Problem } from "../domain/problem.ts";
import { ACCESS_HEADER, type AccessApplication, type AccessVerifier, accessVerifier } from "./access-jwt.ts";

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
}

/** One of each application and isolate, for it keeps the keys. */
const verifiers = new Map<string, AccessVerifier>();

function verifierOf(application: AccessApplication): AccessVerifier {
  const name = `${application.teamDomain} ${application.audience}`;
  const verifier = verifiers.get(name) ?? accessVerifier(application);
  verifiers.set(name, verifier);
  return verifier;
}

/**
 * Lets a request pass only with `Authorization: Bearer <token>`, or by Cloudflare Access.
 * @param rulesOf who may pass, from the deployment's settings
 * @param setting the name of the token's setting, for the error's text
 */
export function requireAccess<E extends object>(rulesOf: (env: E) => AccessRules, setting: string) {
  return createMiddleware<{ Bindings: E }>(async (context, next) => {
    const { token, application } = rulesOf(context.env);
    if (token === undefined && application === null) return next();
    const given = /^Bearer +(\S+)$/i.exec(context.req.header("authorization") ?? "")?.[1];
    if (token !== undefined && given !== undefined && (await sameText(given, token))) return next();
    const assertion = context.req.header(ACCESS_HEADER);
    if (application !== null && assertion !== undefined && (await verifierOf(application)(assertion))) return next();
    const ways = [
      ...(token === undefined ? [] : [`send the header Authorization: Bearer <${setting}>`]),
      ...(application === null ? [] : ["sign in by Cloudflare Access"]),
    ].join(", or ");
    throw new Problem("unauthorized", `${ways.charAt(0).toUpperCase()}${ways.slice(1)}.`);
  });
}
