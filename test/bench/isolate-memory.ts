import type { Miniflare } from "miniflare";
import { z } from "zod";

const MB = 2 ** 20;
const POLL_MS = 10;

const usageSchema = z.object({
  result: z.object({
    /** of V8's heap, garbage that was not collected yet included */
    usedSize: z.number(),
    embedderHeapUsedSize: z.number(),
    /** of array buffers */
    backingStorageSize: z.number(),
  }),
});

/** What an isolate has held. */
export interface IsolateWatch {
  /** Begins anew, and frees what nothing uses any more before it looks again. */
  forget(): void;
  /** MB. @throws where it was hardly looked at */
  most(): number;
  close(): void;
}

/**
 * Watches what a Worker's isolate holds, by V8's own account through the inspector: what the platform's 128 MB are
 * counted of. The process holds more: the local D1 and R2 are in it. An isolate that has nothing to do hears nothing,
 * so what it is asked meanwhile is answered at its next request.
 */
export async function watchIsolate(miniflare: Miniflare, worker: string): Promise<IsolateWatch> {
  // Miniflare's inspector lets in pages of this origin alone.
  const socket = new WebSocket(new URL(worker, await miniflare.getInspectorURL()), {
    headers: { origin: "http://localhost" },
  });
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve, { once: true });
    socket.addEventListener("error", reject, { once: true });
  });
  let [most, id] = [0, 0];
  const ask = (method: string) =>
    new Promise<unknown>((resolve) => {
      const own = ++id;
      const onMessage = ({ data }: MessageEvent) => {
        const message: unknown = JSON.parse(String(data));
        if (!(typeof message === "object" && message !== null && "id" in message && message.id === own)) return;
        socket.removeEventListener("message", onMessage);
        resolve(message);
      };
      socket.addEventListener("message", onMessage);
      socket.send(JSON.stringify({ id: own, method }));
    });
  const heldMb = async () => {
    const { result } = usageSchema.parse(await ask("Runtime.getHeapUsage"));
    return (result.usedSize + result.embedderHeapUsedSize + result.backingStorageSize) / MB;
  };
  const closed = new AbortController();
  let [polls, period] = [0, 0];
  const watch = async () => {
    let collected = -1;
    while (!closed.signal.aborted) {
      const own = period;
      if (collected !== own) await ask("HeapProfiler.collectGarbage");
      collected = own;
      const held = await heldMb();
      if (own === period) {
        most = Math.max(most, held);
        polls++;
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  };
  let failure: unknown = null;
  void watch().catch((error: unknown) => (failure = error));
  return {
    forget() {
      period++;
      [most, polls] = [0, 0];
    },
    most() {
      if (failure !== null) throw failure;
      if (polls < 2) throw new Error("the isolate was hardly looked at");
      return most;
    },
    close() {
      closed.abort();
      socket.close();
    },
  };
}
