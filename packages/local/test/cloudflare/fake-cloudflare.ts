import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { z } from "zod";
import { type FakeAccount, type Right, RIGHTS } from "./account.ts";
import { ApiFailure, type Endpoint } from "./exchange.ts";
import { D1, KV, R2 } from "./storage.ts";
import { WORKERS } from "./workers.ts";

const ENDPOINTS: readonly Endpoint[] = [...D1, ...R2, ...KV, ...WORKERS];
const BASE = "/client/v4";

export interface FakeToken {
  readonly rights: ReadonlySet<Right>;
  readonly accounts: readonly FakeAccount[];
}

/** A received request, such as `PUT workers/scripts/building-vitals-etl-staging`. */
export interface Taken {
  readonly call: string;
  readonly status: number | null;
}

/** Whether a connection breaks before or after the request takes effect. */
export type Break = "before" | "after";

/** A fake of Cloudflare's REST API on a loopback port; README.md beside it lists its assumptions. */
export class FakeCloudflare {
  readonly tokens = new Map<string, FakeToken>();
  readonly taken: Taken[] = [];
  /** decides whether a call's connection breaks; by default none does */
  breaks: (call: string) => Break | null = () => null;
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.url = `http://127.0.0.1:${port}${BASE}`;
  }

  static async start(): Promise<FakeCloudflare> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = z.object({ port: z.int() }).parse(server.address());
    const fake = new FakeCloudflare(server, port);
    server.on("request", (request, response) => void fake.#take(request, response));
    return fake;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Adds a token. @param rights by default all that a deploy needs */
  addToken(token: string, accounts: readonly FakeAccount[], rights: readonly Right[] = RIGHTS): void {
    this.tokens.set(token, { rights: new Set(rights), accounts });
  }

  /** The requests since index `from` that change something. */
  changes(from = 0): string[] {
    const isRead = (call: string) => call.startsWith("GET ") || call.endsWith("/query");
    return this.taken.slice(from).flatMap(({ call }) => (isRead(call) ? [] : [call]));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", this.url);
    const body = await readBody(request);
    const path = url.pathname.slice(BASE.length + 1).replace(/^accounts\/[^/]+\//, "");
    const call = `${request.method} ${path}`;
    const broken = this.breaks(call);
    if (broken === "before") {
      this.taken.push({ call, status: null });
      request.socket.destroy();
      return;
    }
    const { status, envelope } = await this.#answer(request, url, path, body);
    this.taken.push({ call, status });
    if (broken === "after") request.socket.destroy();
    else response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(envelope));
  }

  async #answer(request: IncomingMessage, url: URL, path: string, body: Buffer<ArrayBuffer>) {
    try {
      const result = await this.#route(request, url, path, body);
      return { status: 200, envelope: { success: true, errors: [], messages: [], result } };
    } catch (error) {
      const { status, code, message } =
        error instanceof ApiFailure ? error : new ApiFailure(500, 10_013, `the fake failed: ${String(error)}`);
      const envelope = { success: false, errors: [{ code, message }], messages: [], result: null };
      return { status, envelope };
    }
  }

  async #route(request: IncomingMessage, url: URL, path: string, body: Buffer<ArrayBuffer>): Promise<unknown> {
    const bearer = request.headers.authorization?.replace(/^Bearer /, "") ?? "";
    // an asset upload carries the token of its session, not the caller's
    if (path === "workers/assets/upload") return { jwt: "a.e30.x" };
    if (!/^[\w-]*$/.test(bearer)) throw new ApiFailure(400, 6_003, "Invalid request headers");
    const token = this.tokens.get(bearer);
    if (token === undefined) throw new ApiFailure(401, 10_000, "Authentication error");
    const { accounts, rights } = token;
    if (path === "memberships") {
      return accounts.map(({ id, name }) => ({ id: `m-${id}`, status: "accepted", account: { id, name } }));
    }
    if (path === "accounts") return accounts.map(({ id, name }) => ({ id, name }));
    if (path === "user") throw new ApiFailure(403, 9109, "Valid user-level authentication not found");
    const id = /^\/client\/v4\/accounts\/([^/]+)\//.exec(url.pathname)?.[1];
    const account = accounts.find((other) => other.id === id);
    if (account === undefined) throw new ApiFailure(403, 10_000, "Authentication error");
    for (const { method, path: pattern, right, answer } of ENDPOINTS) {
      const match = method === request.method ? pattern.exec(path) : null;
      if (match === null) continue;
      if (!rights.has(right)) throw new ApiFailure(403, 10_000, "Authentication error");
      const params = match.slice(1).map((text) => decodeURIComponent(text));
      const json = (): unknown => JSON.parse(body.toString("utf8"));
      const form = () =>
        new Response(body, { headers: { "content-type": request.headers["content-type"] ?? "" } }).formData();
      return answer({ account, params, query: url.searchParams, json, form });
    }
    throw new ApiFailure(404, 7003, `the fake knows no ${request.method} ${path}`);
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}
