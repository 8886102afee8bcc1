import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey, jwtVerify } from "jose";
import { z } from "zod";
import { Problem } from "../domain/problem.ts";
import { logError } from "../telemetry/log.ts";

/** A Cloudflare Access application that guards a Worker. */
export interface AccessApplication {
  /** host of the team's sign-in, such as `example.cloudflareaccess.com` */
  readonly teamDomain: string;
  /** the application's audience tag */
  readonly audience: string;
}

/** The header in which Cloudflare Access hands its assertion to the origin. */
export const ACCESS_HEADER = "cf-access-jwt-assertion";

const emptyIsNone = (text: string | undefined) => (text === "" ? undefined : text);

/** The settings of a Worker behind Cloudflare Access, to be spread into its schema. Either both are set or neither. */
export const accessSettings = {
  ACCESS_TEAM_DOMAIN: z
    .string()
    .regex(/^$|^(?:https:\/\/)?[a-z0-9-]+(?:\.[a-z0-9-]+)+\/?$/i, "must be a host such as example.cloudflareaccess.com")
    .optional()
    .transform((text) => emptyIsNone(text?.replace(/^https:\/\/|\/$/gi, "").toLowerCase())),
  ACCESS_AUD: z.string().optional().transform(emptyIsNone),
};

/**
 * null: Cloudflare Access is not configured.
 * @throws {Problem} `settings_invalid` if only one of the two settings is set
 */
export function accessApplication(settings: {
  readonly ACCESS_TEAM_DOMAIN: string | undefined;
  readonly ACCESS_AUD: string | undefined;
}): AccessApplication | null {
  const { ACCESS_TEAM_DOMAIN: teamDomain, ACCESS_AUD: audience } = settings;
  if (teamDomain === undefined && audience === undefined) return null;
  if (teamDomain !== undefined && audience !== undefined) return { teamDomain, audience };
  const missing = teamDomain === undefined ? "ACCESS_TEAM_DOMAIN" : "ACCESS_AUD";
  const detail = `${missing}: is not set; ACCESS_TEAM_DOMAIN and ACCESS_AUD need each other.`;
  throw new Problem("settings_invalid", detail, missing);
}

/** Tolerated difference between clocks, in seconds. */
const CLOCK_TOLERANCE_S = 30;

/** How long fetched keys are used, and the timeout of a fetch, in milliseconds. */
const KEYS_MAX_AGE_MS = 600_000;
const KEYS_TIMEOUT_MS = 5_000;

/** Returns the identity in an assertion; null: the assertion is not valid. */
export type AccessVerifier = (assertion: string) => Promise<string | null>;

/** A person has an e-mail address, a service token a common name. */
const claim = z.string().min(1).optional().catch(undefined);
const claimsSchema = z.object({ email: claim, common_name: claim, sub: claim });

/**
 * Verifies assertions of Cloudflare Access: signed with RS256 by a key of the team, with this audience, not expired.
 * The keys are cached. An unknown key id fetches them again, at most every 30 seconds.
 * @param fetchKeys stands in for `fetch` in tests
 * @throws {Problem} `access_unavailable` if the keys cannot be fetched; then nobody is admitted
 */
export function accessVerifier(application: AccessApplication, fetchKeys?: typeof fetch): AccessVerifier {
  const issuer = `https://${application.teamDomain}`;
  const keys = createRemoteJWKSet(new URL(`${issuer}/cdn-cgi/access/certs`), {
    cacheMaxAge: KEYS_MAX_AGE_MS,
    timeoutDuration: KEYS_TIMEOUT_MS,
    ...(fetchKeys === undefined ? {} : { [customFetch]: fetchKeys }),
  });
  const keyOf: JWTVerifyGetKey = async (header, token) => {
    try {
      return await keys(header, token);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) throw error;
      logError("access_keys_unavailable", error);
      throw new Problem("access_unavailable", "The sign-in service's keys could not be had; try again in a moment.");
    }
  };
  return async (assertion) => {
    try {
      const { payload } = await jwtVerify(assertion, keyOf, {
        algorithms: ["RS256"],
        issuer,
        audience: application.audience,
        requiredClaims: ["exp"],
        clockTolerance: CLOCK_TOLERANCE_S,
      });
      const { email, common_name: serviceToken, sub } = claimsSchema.parse(payload);
      return email ?? serviceToken ?? sub ?? "unnamed";
    } catch (error) {
      if (error instanceof errors.JOSEError) return null;
      throw error;
    }
  };
}
