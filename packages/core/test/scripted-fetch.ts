import type { AceFetch } from "../src/ace/transport.ts";

/** For tests: an upstream's answer to a call. */
export type Answer = (url: URL, init: RequestInit) => Response | Promise<Response>;

/** For tests: a fetch that returns the given answers in turn, the last one repeatedly, and records the calls. */
export function scriptedFetch(...answers: readonly Answer[]) {
  const requests: { url: URL; init: RequestInit }[] = [];
  const fetch: AceFetch = async (address, init) => {
    const url = new URL(address);
    const answer = answers[Math.min(requests.length, answers.length - 1)];
    if (answer === undefined) throw new RangeError("no answer is scripted");
    requests.push({ url, init });
    return answer(url, init);
  };
  return { fetch, requests };
}

export function json(body: unknown): Answer {
  return () => Response.json(body);
}

export function status(code: number, headers: Record<string, string> = {}, body = "upstream words"): Answer {
  return () => new Response(code === 204 ? null : body, { status: code, headers });
}

export function text(body: string): Answer {
  return () => new Response(body);
}

/** A 200 whose connection breaks in the middle of the body. */
export function brokenOff(begin: string): Answer {
  return () =>
    new Response(
      new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode(begin));
          controller.error(new Error("connection lost"));
        },
      }),
    );
}

export function noConnection(message = "connection refused"): Answer {
  return () => {
    throw new TypeError(message);
  };
}

/** For tests: a clock that only sleeping moves. */
export function fakeClock(start = Date.UTC(2025, 9, 12, 15)) {
  let time = start;
  const waits: number[] = [];
  return {
    waits,
    now: () => time,
    advance: (ms: number) => {
      time += ms;
    },
    sleep: async (ms: number) => {
      waits.push(ms);
      time += ms;
    },
  };
}
