import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { SimulatedReset } from "./faults/response-faults.ts";
import type { Simulator } from "./simulator.ts";

interface ServerOptions {
  readonly simulator: Simulator;
  /** 0: any free port */
  readonly port: number;
}

const HOST = "127.0.0.1";
const LOOPBACK_NAMES = [HOST, "localhost", "[::1]"];

interface RunningServer {
  /** origin without a trailing slash, for example http://127.0.0.1:8790; the API is under /api */
  readonly url: string;
  /** Stops listening, and breaks off open answers. */
  close(): Promise<void>;
}

async function toWebRequest(incoming: IncomingMessage, origin: string, signal: AbortSignal): Promise<Request> {
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(", ") : value);
  }
  const method = incoming.method ?? "GET";
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(Buffer.from(chunk));
  const body = method === "GET" || method === "HEAD" ? null : Buffer.concat(chunks);
  return new Request(origin + (incoming.url ?? "/"), { method, headers, body, signal });
}

/**
 * Whether a browser sends this for a page of another site, or to a name that such a page made resolve to this machine.
 */
function isForeign({ headers }: IncomingMessage, port: number): boolean {
  const hosts = LOOPBACK_NAMES.map((name) => `${name}:${port}`);
  const { host = "", origin } = headers;
  return !hosts.includes(host.toLowerCase()) || (origin !== undefined && origin !== `http://${host}`);
}

/** Resolves when the chunk has left for the client, so that a simulated reset cuts off only later chunks. */
function write(outgoing: ServerResponse, chunk: Uint8Array, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    outgoing.write(chunk, (error) => {
      signal.removeEventListener("abort", onAbort);
      if (error) reject(error);
      else resolve();
    });
  });
}

async function send(response: Response, outgoing: ServerResponse, signal: AbortSignal): Promise<void> {
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  if (response.body) {
    for await (const chunk of response.body) await write(outgoing, chunk, signal);
  }
  outgoing.end();
}

/**
 * Serves a simulator over HTTP.
 * @throws Error that names the address if its port is taken
 */
export async function startServer({ simulator, port }: ServerOptions): Promise<RunningServer> {
  let origin = "";
  const server = createServer((incoming, outgoing) => {
    if (isForeign(incoming, incoming.socket.localPort ?? 0)) {
      outgoing.writeHead(421).end("The simulator answers to its loopback address only.\n");
      return;
    }
    const gone = new AbortController();
    outgoing.once("close", () => gone.abort());
    toWebRequest(incoming, origin, gone.signal)
      .then((request) => simulator.fetch(request))
      .then((response) => send(response, outgoing, gone.signal))
      .catch((error: unknown) => {
        const wanted = gone.signal.aborted || error instanceof SimulatedReset;
        if (!wanted) console.error("the simulator failed to answer", incoming.method, incoming.url, error);
        // nothing may follow the bytes that were sent
        outgoing.destroy();
      });
  });
  const listening = once(server, "listening");
  server.listen(port, HOST);
  try {
    await listening;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") {
      throw new Error(`port ${port} on ${HOST} is taken: stop what listens there or choose another port`, {
        cause: error,
      });
    }
    throw error;
  }
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no TCP address");
  origin = `http://${HOST}:${address.port}`;
  return {
    url: origin,
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
