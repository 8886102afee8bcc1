import type { Context } from "hono";
import { type Env, settingsOf } from "./env.ts";
import { cacheControl, etagOf, isKnown } from "./etag.ts";
import type { Stages } from "./stages.ts";

/**
 * An answer of a state that was read: 304 where the client has it, else what `write` makes of it.
 * @param subject what tells the answer from any other: {@link etagOf}
 * @param write makes the body; where it is partial, nobody may keep it
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
