import { log } from "@building-vitals/core/telemetry/log";
import type { MiddlewareHandler } from "hono";
import type { Admission, Permit } from "./admission.ts";
import type { Env } from "./env.ts";

/** A reader that takes no piece of an answer (64 KB) for so long is cut off, milliseconds. */
export const STALL_MS = 30_000;

/** The limit is counted in so many ticks: an isolate that is busy ticks less often, and cuts no ready reader off. */
const TICKS = 10;

/** What a route that holds many values asks of {@link boundedAnswers}. */
export interface Bounded {
  readonly Bindings: Env;
  readonly Variables: {
    /** Waits for a share of the isolate's memory, which lasts until the answer is sent. @throws {Problem} `busy` */
    readonly admit: (values: number) => Promise<Permit>;
  };
}

/**
 * Lets routes wait for a share of the isolate's memory, gives it back when the answer was sent, failed or was given up,
 * and cuts slow readers off.
 */
export function boundedAnswers(admission: Admission, stallMs: number): MiddlewareHandler<Bounded> {
  return async (context, next) => {
    const request = context.req.raw;
    let permit: Permit | null = null;
    context.set("admit", async (values) => (permit = await admission.enter(values, request.signal)));
    const held = (): Permit | null => permit;
    await next();
    const share = held();
    if (share === null) return;
    const { body } = context.res;
    if (context.error !== undefined || body === null || request.method === "HEAD") {
      share.release();
      return;
    }
    context.res = new Response(cutOffWhenStalled(body, stallMs, share), context.res);
  };
}

/** A body that holds a share until it ends, fails or is given up, or until its reader stalls. */
function cutOffWhenStalled(
  body: ReadableStream<Uint8Array>,
  stallMs: number,
  share: Permit,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let timer: ReturnType<typeof setInterval> | undefined;
  const cutOff = (controller: ReadableStreamDefaultController<Uint8Array>) => {
    clearInterval(timer);
    const seconds = stallMs / 1000;
    log("slow_reader_cut_off", { seconds });
    const error = new Error(`the reader took nothing for ${seconds} s`);
    controller.error(error);
    share.release();
    void reader.cancel(error).catch(() => {});
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        clearInterval(timer);
        try {
          const { value, done } = await reader.read();
          if (done) {
            controller.close();
            share.release();
            return;
          }
          share.touch();
          controller.enqueue(value);
          let ticks = 0;
          timer = setInterval(() => {
            if (++ticks === TICKS) cutOff(controller);
          }, stallMs / TICKS);
        } catch (error) {
          share.release();
          throw error;
        }
      },
      async cancel(reason) {
        clearInterval(timer);
        share.release();
        await reader.cancel(reason);
      },
    },
    // Nothing is made before it is asked for.
    { highWaterMark: 0 },
  );
}
