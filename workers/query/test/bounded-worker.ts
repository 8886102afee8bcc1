import { newApp } from "@building-vitals/core/http/new-app";
import { Admission } from "../src/admission.ts";
import { type Bounded, boundedAnswers } from "../src/bounded-answers.ts";

const PIECE = new Uint8Array(65_536).fill(65);

// A Worker for tests over real sockets. The address sets how many values an answer holds and how long it takes.
const LIMITS = { values: 100, smallValues: 20, small: 10, waitMs: 1_000, leaseMs: 60_000 };
const admission = new Admission(LIMITS, Date.now);
let steps = 0;
/** bodies that were neither read to their end nor cancelled */
let open = 0;

const app = newApp<Bounded>();
app.get("/state", (context) => context.json({ ...admission.state, steps, open }));
app.use(boundedAnswers(admission, 400));
// Holds no share, and sends a `content-length`.
app.get("/file", (context) => {
  const size = Number(context.req.query("pieces")) * PIECE.length;
  return new Response(byteStream(size / PIECE.length), { headers: { "content-length": String(size) } });
});
app.get("/answer", async (context) => {
  const asked = (name: string) => Number(context.req.query(name) ?? 0);
  await context.var.admit(asked("values"));
  for (let step = 0; step < asked("steps"); step++) {
    await scheduler.wait(5);
    steps++;
  }
  if (asked("fail") === 1) throw new Error("as the address asks");
  return context.body(pieceStream(asked("pieces"), asked("fail") === 2));
});

/** Gives reads of any length, like an object of R2. */
function byteStream(pieces: number): ReadableStream<Uint8Array> {
  let left = pieces;
  open++;
  return new ReadableStream({
    type: "bytes",
    pull(controller) {
      if (left-- > 0) return controller.enqueue(PIECE.slice());
      open--;
      controller.close();
      controller.byobRequest?.respond(0);
    },
    cancel: () => void open--,
  });
}

function pieceStream(pieces: number, fails = false): ReadableStream<Uint8Array> {
  let left = pieces;
  open++;
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (left-- > 0) return controller.enqueue(PIECE);
      open--;
      if (fails) controller.error(new Error("as the address asks"));
      else controller.close();
    },
    cancel: () => void open--,
  });
}

export default { fetch: app.fetch } satisfies ExportedHandler<Record<string, unknown>>;
