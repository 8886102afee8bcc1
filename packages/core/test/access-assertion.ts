import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { vi } from "vitest";

const TEAM = "tests.cloudflareaccess.com";
const AUDIENCE = "the-audience-tag";

/** Settings of a Worker behind Cloudflare Access. */
export const ACCESS_SETTINGS = { ACCESS_TEAM_DOMAIN: TEAM, ACCESS_AUD: AUDIENCE };

/**
 * Serves the team's keys where the Worker fetches them. @returns a valid assertion, as Access adds it for a browser's
 * cookie
 */
export async function stubAccess(): Promise<string> {
  const { publicKey, privateKey } = await generateKeyPair("RS256");
  const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: "tests", alg: "RS256", use: "sig" }] };
  const upstream = globalThis.fetch;
  vi.stubGlobal("fetch", (input: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(input, init);
    return request.url === `https://${TEAM}/cdn-cgi/access/certs`
      ? Promise.resolve(Response.json(keys))
      : upstream(request);
  });
  return new SignJWT({ email: "someone@example.com" })
    .setProtectedHeader({ alg: "RS256", kid: "tests" })
    .setIssuer(`https://${TEAM}`)
    .setAudience(AUDIENCE)
    .setExpirationTime(Math.floor(Date.now() / 1000) + 3600)
    .sign(privateKey);
}
