import type { z } from "zod";
import { parseJson } from "./parse-json.ts";
import { refusalOf } from "./refusal.ts";

/** An answer of a Worker that says no. Its text is the Worker's own, and safe to show. */
export class WorkerRefused extends Error {
  readonly status: number;

  constructor(status: number, detail: string) {
    super(detail);
    this.name = "WorkerRefused";
    this.status = status;
  }
}

/** Nothing answers at the Worker's address. */
export class WorkerUnreachable extends Error {
  constructor(url: string, cause: unknown) {
    super(`Nothing answers at ${url}.`, { cause });
    this.name = "WorkerUnreachable";
  }
}

/** What else to say of an error of a command that asks a Worker; null: nothing. */
export function unreachableHint(error: unknown): string | null {
  if (!(error instanceof WorkerUnreachable)) return null;
  return "Is it running? npm start runs one here; --url names that of a deployment.";
}

/** Asks a Worker of a deployment over HTTP, as its admin. */
export class WorkerClient {
  readonly #worker: "etl" | "backfill";
  readonly #url: string;
  readonly #token: string;

  /** @param worker its name, for people @param url without a trailing slash @param token the ADMIN_TOKEN */
  constructor(worker: "etl" | "backfill", url: string, token: string) {
    this.#worker = worker;
    this.#url = url;
    this.#token = token;
  }

  /** @throws {WorkerRefused} for any answer but a 2xx that fits the schema; {WorkerUnreachable} */
  async ask<S extends z.ZodType>(
    schema: S,
    method: string,
    path: string,
    body?: Record<string, unknown>,
  ): Promise<z.output<S>> {
    const { status, text } = await this.#send(method, path, body === undefined ? null : JSON.stringify(body));
    if (status < 200 || status > 299) {
      throw new WorkerRefused(status, refusalOf(this.#worker, this.#url, status, text).text);
    }
    const answer = schema.safeParse(parseJson(text));
    if (!answer.success) throw new WorkerRefused(status, `What answers at ${this.#url} is no ${this.#worker} Worker.`);
    return answer.data;
  }

  async #send(method: string, path: string, body: string | null): Promise<{ status: number; text: string }> {
    const headers = { authorization: `Bearer ${this.#token}`, "content-type": "application/json" };
    try {
      const response = await fetch(`${this.#url}${path}`, { method, headers, body });
      return { status: response.status, text: await response.text() };
    } catch (error) {
      throw new WorkerUnreachable(this.#url, error);
    }
  }
}
