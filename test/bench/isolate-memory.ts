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

/**
 * Frees what nothing uses any more, and then watches what a Worker's isolate holds, by V8's own account through the inspector: what the platform's 128 MB are
 * counted of. The process holds more, for the local D1 and R2 are in it.
 * @returns stops, and gives the most that was seen, in MB
 */
export async function watchIsolate(miniflare: Miniflare, worker: string): Promise<() => Promise<number>> {
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
  await ask("HeapProfiler.collectGarbage");
  const stopped = new AbortController();
  let polls = 0;
  const watching = (async () => {
    while (!stopped.signal.aborted) {
      most = Math.max(most, await heldMb());
      polls++;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  })();
  return async () => {
    stopped.abort();
    await watching;
    socket.close();
    if (polls < 2) throw new Error("the isolate was hardly looked at");
    return most;
  };
}
