import { log } from "@building-vitals/core/telemetry/log";
import type { MiddlewareHandler } from "hono";
import type { Admission, Permit } from "./admission.ts";
import type { Env } from "./env.ts";

const PIECE_BYTES = 65_536;

/** A reader that takes no piece (64 KB) of an answer for this long is cut off, ms. */
export const STALL_MS = 30_000;

/** The limit consists of this many timer ticks. A busy isolate ticks less often, so it cuts off no ready reader. */
const TICKS = 10;

/** Context of a route that holds many values, set by {@link boundedAnswers}. */
export interface Bounded {
  readonly Bindings: Env;
  readonly Variables: {
    /** Waits for a share of the isolate's memory. The share lasts until the answer is sent. @throws {Problem} `busy` */
    readonly admit: (values: number) => Promise<Permit>;
  };
}

/**
 * Lets routes wait for a share of the isolate's memory. Gives the share back when the answer is sent, fails or is
 * cancelled. Cuts off slow readers of any answer.
 */
export function boundedAnswers(admission: Admission, stallMs: number): MiddlewareHandler<Bounded> {
  return async (context, next) => {
    const request = context.req.raw;
    let permit: Permit | null = null;
    context.set("admit", async (values) => (permit = await admission.enter(values, request.signal)));
    const held = (): Permit | null => permit;
    await next();
    const share = held();
    const { body } = context.res;
    if (context.error !== undefined || body === null) {
      share?.release();
      return;
    }
    if (request.method === "HEAD") {
      share?.release();
      await body.cancel();
      context.res = new Response(null, context.res);
      return;
    }
    const sent = cutOffWhenStalled(body, stallMs, share);
    context.res = new Response(ofKnownLength(sent, context.res.headers), context.res);
  };
}

/**
 * workerd sends a body made by our code in chunks and drops its `content-length`. A fixed-length stream keeps the
 * header.
 */
function ofKnownLength(body: ReadableStream<Uint8Array>, headers: Headers): ReadableStream<Uint8Array> {
  const length = headers.get("content-length");
  return length === null ? body : body.pipeThrough(new FixedLengthStream(Number(length)));
}

interface PieceReader {
  /** null: end of the body */
  read(): Promise<Uint8Array | null>;
  cancel(reason: unknown): Promise<void>;
}

/** Byte streams (R2, services) give 4 KB a read unless the reader asks for more. Our own streams give whole pieces. */
function pieceReader(body: ReadableStream<Uint8Array>): PieceReader {
  let bytes: ReadableStreamBYOBReader;
  try {
    bytes = body.getReader({ mode: "byob" });
  } catch {
    const pieces = body.getReader();
    const read = async () => {
      const { value, done } = await pieces.read();
      return done ? null : value;
    };
    return { read, cancel: (reason) => pieces.cancel(reason) };
  }
  const read = async () => {
    const { value, done } = await bytes.readAtLeast(PIECE_BYTES, new Uint8Array(PIECE_BYTES));
    return done || value.length === 0 ? null : value;
  };
  return { read, cancel: (reason) => bytes.cancel(reason) };
}

/** A body that ends early when its reader stalls. It holds the share, if any, until it ends, fails or is cancelled. */
function cutOffWhenStalled(
  body: ReadableStream<Uint8Array>,
  stallMs: number,
  share: Permit | null,
): ReadableStream<Uint8Array> {
  const reader = pieceReader(body);
  let timer: ReturnType<typeof setInterval> | undefined;
  const cutOff = (controller: ReadableStreamDefaultController<Uint8Array>) => {
    clearInterval(timer);
    const seconds = stallMs / 1000;
    log("slow_reader_cut_off", { seconds });
    const error = new Error(`the reader took no piece for ${seconds} s`);
    controller.error(error);
    share?.release();
    void reader.cancel(error).catch(() => {});
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        clearInterval(timer);
        try {
          const piece = await reader.read();
          if (piece === null) {
            controller.close();
            share?.release();
            return;
          }
          share?.touch();
          controller.enqueue(piece);
          let ticks = 0;
          timer = setInterval(() => {
            if (++ticks === TICKS) cutOff(controller);
          }, stallMs / TICKS);
        } catch (error) {
          share?.release();
          throw error;
        }
      },
      async cancel(reason) {
        clearInterval(timer);
        share?.release();
        await reader.cancel(reason);
      },
    },
    // Pulls a piece only when the reader asks for one.
    { highWaterMark: 0 },
  );
}
