import { newApp } from "@building-vitals/core/http/new-app";
import { Admission } from "../src/admission.ts";
import { type Bounded, boundedAnswers } from "../src/bounded-answers.ts";

const PIECE = new Uint8Array(65_536).fill(65);

// A Worker whose answers hold as many values, and take as long, as their address says: for tests over real sockets.
const LIMITS = { values: 100, smallValues: 20, small: 10, waitMs: 1_000, leaseMs: 60_000 };
const admission = new Admission(LIMITS, Date.now);
let steps = 0;

const app = newApp<Bounded>();
app.get("/state", (context) => context.json({ ...admission.state, steps }));
app.use(boundedAnswers(admission, 400));
app.get("/answer", async (context) => {
  const asked = (name: string) => Number(context.req.query(name) ?? 0);
  await context.var.admit(asked("values"));
  for (let step = 0; step < asked("steps"); step++) {
    await scheduler.wait(5);
    steps++;
  }
  if (asked("fail") === 1) throw new Error("as the address asks");
  let pieces = asked("pieces");
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (pieces-- > 0) controller.enqueue(PIECE);
      else if (asked("fail") === 2) controller.error(new Error("as the address asks"));
      else controller.close();
    },
  });
  return context.body(body);
});

export default { fetch: app.fetch } satisfies ExportedHandler<Record<string, unknown>>;
