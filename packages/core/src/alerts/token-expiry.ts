import { z } from "zod";

/** Seconds since 1970, as far as a Date reaches. */
const claimsSchema = z.object({ exp: z.number().min(0).max(8.64e12) });

/**
 * When a token expires, epoch ms, if it is a JWT that says so; else null. Its signature is not looked at: the upstream
 * judges it, and this is for a warning only.
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
    // neither base64 nor JSON: a key of another make
    return null;
  }
}
