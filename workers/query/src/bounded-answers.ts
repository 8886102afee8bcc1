import { log } from "@building-vitals/core/telemetry/log";
import type { MiddlewareHandler } from "hono";
import type { Admission, Permit } from "./admission.ts";
import type { Env } from "./env.ts";

const PIECE_BYTES = 65_536;

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
 * and cuts slow readers of any answer off.
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

/** A body made by our own code is sent in chunks, without the `content-length` of its headers: a fixed length keeps it. */
function ofKnownLength(body: ReadableStream<Uint8Array>, headers: Headers): ReadableStream<Uint8Array> {
  const length = headers.get("content-length");
  return length === null ? body : body.pipeThrough(new FixedLengthStream(Number(length)));
}

interface PieceReader {
  /** null: the body has ended */
  read(): Promise<Uint8Array | null>;
  cancel(reason: unknown): Promise<void>;
}

/** R2 and services give bytes of any length, workerd 4 KB a read unless more is asked for; our own code makes pieces. */
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

/** A body that ends early when its reader stalls. It holds the share, if any, until it ends, fails or is given up. */
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
    const error = new Error(`the reader took nothing for ${seconds} s`);
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
    // Nothing is made before it is asked for.
    { highWaterMark: 0 },
  );
}
