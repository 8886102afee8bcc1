import type { Context } from "hono";
import { type Env, settingsOf } from "./env.ts";
import { cacheControl, etagOf, isKnown } from "./etag.ts";
import type { Stages } from "./stages.ts";

/**
 * Answers 304 if the client has the ETag of the state, else 200 with the body of `write`.
 * @param subject what the ETag covers: see {@link etagOf}
 * @param write makes the body; a partial body must not be cached
 */
export async function answerOfState<E extends { Bindings: Env }>(
  context: Context<E>,
  stages: Stages,
  subject: { readonly route: string; readonly asked: unknown; readonly state: unknown },
  write: () => Promise<{ readonly text: string; readonly isPartial: boolean }>,
): Promise<Response> {
  const settings = settingsOf(context.env);
  const etag = await etagOf(settings, subject.route, subject.asked, subject.state);
  const headers = { etag, "cache-control": cacheControl(settings, false) };
  if (isKnown(context.req.raw, etag)) {
    return context.body(null, 304, { ...headers, "server-timing": stages.header() });
  }
  const { text, isPartial } = await write();
  return context.body(text, 200, {
    ...(isPartial ? { "cache-control": "no-store" } : headers),
    "content-type": "application/json; charset=utf-8",
    "server-timing": stages.header(),
  });
}
