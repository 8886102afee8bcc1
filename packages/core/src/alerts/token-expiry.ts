import { z } from "zod";

/** The largest time of a Date, in seconds since 1970. */
const claimsSchema = z.object({ exp: z.number().min(0).max(8.64e12) });

/**
 * The expiry of a token, epoch ms; null unless it is a JWT with `exp`. Does not check the signature: the upstream does,
 * and this value only triggers a warning.
 */
export function tokenExpiry(token: string): number | null {
  const [, payload, signature] = token.split(".");
  if (payload === undefined || signature === undefined) return null;
  try {
    const base64 = payload.replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    const claims = claimsSchema.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
    return claims.success ? Math.floor(claims.data.exp * 1000) : null;
  } catch {
    // neither base64 nor JSON: not a JWT
    return null;
  }
}
