import type { z } from "zod";
import { parseJson } from "./parse-json.ts";
import { refusalOf } from "./refusal.ts";
import type { WorkerName } from "./worker-names.ts";

const NOT_MODIFIED = 304;

/** A refusal of a Worker. Its text is the Worker's own, and safe to show. */
export class WorkerRefused extends Error {
  readonly status: number;
  /** code of the problem; null: the Worker gave none */
  readonly code: string | null;

  constructor(status: number, detail: string, code: string | null = null) {
    super(detail);
    this.name = "WorkerRefused";
    this.status = status;
    this.code = code;
  }
}

/** The Worker's address does not answer. */
export class WorkerUnreachable extends Error {
  constructor(url: string, cause: unknown) {
    super(`Nothing answers at ${url}.`, { cause });
    this.name = "WorkerUnreachable";
  }
}

/** A file from a Worker. */
interface Download {
  /** the ETag without quotes: letters, digits, `_` and `-` */
  readonly etag: string;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** A hint for an error of a command that asks a Worker; null: none. */
export function unreachableHint(error: unknown): string | null {
  if (!(error instanceof WorkerUnreachable)) return null;
  return "Is it running? npm start runs one here; --url names that of a deployment.";
}

/** Sends requests to a deployed Worker. The token goes to its address only: redirects are not followed. */
export class WorkerClient {
  readonly #worker: WorkerName;
  readonly #url: string;
  readonly #token: string | null;

  /** @param worker its name, for messages @param url without a trailing slash @param token null: not needed */
  constructor(worker: WorkerName, url: string, token: string | null) {
    this.#worker = worker;
    this.#url = url;
    this.#token = token;
  }

  /** @throws {WorkerRefused} for an answer that is no 2xx or does not fit the schema; {WorkerUnreachable} */
  async ask<S extends z.ZodType>(
    schema: S,
    method: string,
    path: string,
    body?: Record<string, unknown>,
  ): Promise<z.output<S>> {
    const response = await this.#send(method, path, body === undefined ? null : JSON.stringify(body), {});
    const answer = schema.safeParse(parseJson(await this.#reachable(response.text())));
    if (answer.success) return answer.data;
    throw new WorkerRefused(response.status, `No ${this.#worker} Worker answers at ${this.#url}.`);
  }

  /**
   * Requests a file. Reading its bytes may also throw {@link WorkerUnreachable}.
   * @param known the ETag of the known version; null: none
   * @returns null: the known version is current @throws {WorkerRefused} {WorkerUnreachable}
   */
  async download(path: string, known: string | null): Promise<Download | null> {
    // Uncompressed, because a compressed answer has another ETag.
    const headers = { "accept-encoding": "identity", ...(known === null ? {} : { "if-none-match": `"${known}"` }) };
    const response = await this.#send("GET", path, null, headers);
    if (response.status === NOT_MODIFIED) return null;
    const etag = /^"([\w-]+)"$/.exec(response.headers.get("etag") ?? "")?.[1];
    if (etag === undefined || response.body === null) {
      throw new WorkerRefused(response.status, `No ${this.#worker} Worker answers at ${this.#url}.`);
    }
    return { etag, bytes: this.#bytesOf(response.body) };
  }

  async *#bytesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
    const reader = body.getReader();
    try {
      for (;;) {
        const { value, done } = await this.#reachable(reader.read());
        if (done) return;
        yield value;
      }
    } finally {
      await reader.cancel().catch(() => {});
    }
  }

  /** @throws {WorkerRefused} for an answer that is neither 2xx nor 304; {WorkerUnreachable} */
  async #send(
    method: string,
    path: string,
    body: string | null,
    extraHeaders: Record<string, string>,
  ): Promise<Response> {
    const token = this.#token === null ? {} : { authorization: `Bearer ${this.#token}` };
    const headers = { ...token, ...(body === null ? {} : { "content-type": "application/json" }), ...extraHeaders };
    const response = await this.#reachable(fetch(`${this.#url}${path}`, { method, headers, body, redirect: "manual" }));
    if (response.ok || response.status === NOT_MODIFIED) return response;
    const text = await this.#reachable(response.text());
    const refusal = refusalOf(this.#worker, this.#url, response.status, text);
    throw new WorkerRefused(response.status, refusal.text, refusal.code);
  }

  async #reachable<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw new WorkerUnreachable(this.#url, error);
    }
  }
}
