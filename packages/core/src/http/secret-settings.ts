import { z } from "zod";

/** Minimum length of a deployment's tokens; shorter ones can be guessed. `openssl rand -hex 32` makes 64. */
const MIN_TOKEN_LENGTH = 16;

/**
 * A secret that is part of a header: visible ASCII without spaces. A header cannot carry other text, or changes it, so
 * nobody could sign in with a secret that looks right.
 */
export const headerSecret = z
  .string()
  .regex(/^[\x21-\x7e]+$/, "must be of visible ASCII characters, without spaces or line ends");

/** `1` in local runs, to be spread into a Worker's schema. No wrangler file has it. */
export const localRunSetting = { LOCAL_RUN: z.literal("1").optional() };

interface Tokens {
  readonly LOCAL_RUN?: "1" | undefined;
  readonly ADMIN_TOKEN?: string | undefined;
  readonly QUERY_TOKEN?: string | undefined;
}

/** Refines a Worker's schema: the tokens of a deployment have a minimum length. */
export function refuseShortTokens(settings: Tokens, context: z.RefinementCtx): void {
  if (settings.LOCAL_RUN !== undefined) return;
  for (const name of ["ADMIN_TOKEN", "QUERY_TOKEN"] as const) {
    const token = settings[name];
    if (token === undefined || token.length >= MIN_TOKEN_LENGTH) continue;
    const message = `must have at least ${MIN_TOKEN_LENGTH} characters in a deployment`;
    context.addIssue({ code: "custom", path: [name], message });
  }
}
