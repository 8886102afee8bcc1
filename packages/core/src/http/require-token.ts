import { createMiddleware } from "hono/factory";
import { Problem } from "../domain/problem.ts";

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

/**
 * Lets a request pass only with `Authorization: Bearer <token>`.
 * @param tokenOf the token that is right, from the deployment's settings; undefined: none is asked for
 * @param setting the name of that setting, for the error's text
 */
export function requireToken<E extends object>(tokenOf: (env: E) => string | undefined, setting: string) {
  return createMiddleware<{ Bindings: E }>(async (context, next) => {
    const right = tokenOf(context.env);
    if (right === undefined) return next();
    const given = /^Bearer +(\S+)$/i.exec(context.req.header("authorization") ?? "")?.[1];
    if (given === undefined || !(await sameText(given, right))) {
      throw new Problem("unauthorized", `Send the header Authorization: Bearer <${setting}>.`);
    }
    return next();
  });
}
