import type { ResponseFaultRule } from "./fault-plan.ts";
import { unhandledException } from "../api/vendor-errors.ts";

/** Waits, in ms; rejects with the signal's reason if it aborts first. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

function forever(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.throwIfAborted();
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}

/** The broken connection of the `cut` fault; this error is intended. */
export class SimulatedReset extends Error {
  constructor() {
    super("the simulated connection was reset");
    this.name = "SimulatedReset";
  }
}

const GATEWAY_TITLES = { "502": "Bad Gateway", "503": "Service Temporarily Unavailable", "504": "Gateway Time-out" };

function webPage(title: string, status: number): Response {
  const text = `<html>\n<head><title>${title}</title></head>\n<body><h1>${title}</h1></body>\n</html>\n`;
  return new Response(text, { status, headers: { "content-type": "text/html" } });
}

/** The first two thirds of a body; of a JSON object this is never valid JSON. */
async function cut(whole: Response, how: "end" | "reset"): Promise<Response> {
  const bytes = new Uint8Array(await whole.arrayBuffer());
  const part = bytes.slice(0, Math.ceil((bytes.length * 2) / 3));
  let sent = false;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (!sent) controller.enqueue(part);
      else if (how === "end") controller.close();
      else controller.error(new SimulatedReset());
      sent = true;
    },
  });
  return new Response(stream, { status: whole.status, headers: whole.headers });
}

/**
 * The answer of a request that a fault hits.
 * @param answer produces the answer without the fault
 */
export async function answerWithFault(
  rule: ResponseFaultRule,
  answer: () => Response,
  signal: AbortSignal,
  wait: Sleep,
): Promise<Response> {
  switch (rule.fault) {
    case "429":
      return Response.json(
        { message: "Too many requests" },
        { status: 429, headers: { "retry-after": String(rule.retryAfterSeconds) } },
      );
    case "403":
      return Response.json({ message: "Forbidden" }, { status: 403 });
    case "500":
      return unhandledException();
    case "502":
    case "503":
    case "504":
      return webPage(`${rule.fault} ${GATEWAY_TITLES[rule.fault]}`, Number(rule.fault));
    case "html":
      return webPage("Flightdeck - Sign in", 200);
    case "cut":
      return cut(answer(), rule.how);
    case "hang":
      await (rule.hangMs === undefined ? forever(signal) : wait(rule.hangMs, signal));
      return answer();
  }
}
