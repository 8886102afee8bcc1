import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { parseJson } from "../parse-json.ts";
import type { Wrangler } from "./wrangler.ts";

const DEFAULT_BASE_URL = "https://api.cloudflare.com/client/v4";

const envelopeSchema = z.object({
  success: z.boolean(),
  errors: z.array(z.object({ code: z.number(), message: z.string() })).default([]),
  result: z.unknown(),
});

const tokenSchema = z.union([
  z.object({ type: z.enum(["oauth", "api_token"]), token: z.string() }).transform(({ token }) => ({
    authorization: `Bearer ${token}`,
  })),
  z.object({ type: z.literal("api_key"), key: z.string(), email: z.string() }).transform(({ key, email }) => ({
    "x-auth-key": key,
    "x-auth-email": email,
  })),
]);

/** Tries of a read, and the first wait between two of them, ms. Each further wait is twice as long. */
const READ_TRIES = 3;
const FIRST_WAIT_MS = 500;
const TIMEOUT_MS = 30_000;

/** A failed call of Cloudflare's API. */
export class CloudflareError extends Error {
  override readonly name = "CloudflareError";
  /** HTTP status; null: no answer came */
  readonly status: number | null;
  /** Cloudflare's own error codes */
  readonly codes: readonly number[];

  constructor(call: string, fault: string, status: number | null, codes: readonly number[] = []) {
    super(`${call}: ${fault}`);
    this.status = status;
    this.codes = codes;
  }
}

/**
 * Cloudflare's REST API, https://developers.cloudflare.com/api/. Paths are relative to `/client/v4/`. A read is
 * repeated after a broken connection, a 429 or a 5xx; a write never is.
 */
export class CloudflareApi {
  readonly #baseUrl: string;
  readonly #headers: Readonly<Record<string, string>>;

  private constructor(baseUrl: string, headers: Readonly<Record<string, string>>) {
    this.#baseUrl = baseUrl;
    this.#headers = headers;
  }

  /** Uses CLOUDFLARE_API_TOKEN, or wrangler's login. @throws Error with the way to log in */
  static async login(wrangler: Wrangler, env: NodeJS.ProcessEnv): Promise<CloudflareApi> {
    const baseUrl = env["CLOUDFLARE_API_BASE_URL"] ?? DEFAULT_BASE_URL;
    const token = env["CLOUDFLARE_API_TOKEN"] ?? "";
    // fetch reports an invalid header like a broken connection. The token itself is never printed.
    if (/[^\x21-\x7e]/.test(token)) {
      throw new Error("CLOUDFLARE_API_TOKEN contains a space or a line end. Set it to the token alone.");
    }
    if (token !== "") return new CloudflareApi(baseUrl, { authorization: `Bearer ${token}` });
    const { code, stdout } = await wrangler.attempt(["auth", "token", "--json"]);
    const headers = tokenSchema.safeParse(parseJson(stdout));
    if (code !== 0 || !headers.success) {
      throw new Error("wrangler is not logged in.\nRun npx wrangler login, or set CLOUDFLARE_API_TOKEN.");
    }
    return new CloudflareApi(baseUrl, headers.data);
  }

  /** @returns the answer's `result` @throws {CloudflareError} */
  async get<S extends z.ZodType>(schema: S, path: string): Promise<z.output<S>> {
    for (let tried = 1; ; tried++) {
      try {
        return await this.#ask(schema, "GET", path, null);
      } catch (error) {
        if (!isPassing(error) || tried === READ_TRIES) throw error;
        await sleep(FIRST_WAIT_MS * 2 ** (tried - 1));
      }
    }
  }

  /** @returns the answer's `result` @throws {CloudflareError} */
  post<S extends z.ZodType>(schema: S, path: string, body: object): Promise<z.output<S>> {
    return this.#ask(schema, "POST", path, body);
  }

  /** @throws {CloudflareError} */
  async put(path: string, body: object): Promise<void> {
    await this.#ask(z.unknown(), "PUT", path, body);
  }

  async #ask<S extends z.ZodType>(schema: S, method: string, path: string, body: object | null): Promise<z.output<S>> {
    const call = `${method} /${path.split("?")[0]}`;
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${this.#baseUrl}/${path}`, {
        method,
        headers: { ...this.#headers, ...(body === null ? {} : { "content-type": "application/json" }) },
        ...(body === null ? {} : { body: JSON.stringify(body) }),
        // the token must not be sent to another host
        redirect: "manual",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      text = await response.text();
    } catch (error) {
      throw new CloudflareError(call, `no answer from Cloudflare's API (${connectionFault(error)})`, null);
    }
    const { status } = response;
    const envelope = envelopeSchema.safeParse(parseJson(text));
    if (!response.ok || envelope.data?.success !== true) {
      const errors = envelope.data?.errors ?? [];
      const texts = errors.map(({ code, message }) => `: ${message} [code: ${code}]`).join("");
      const codes = errors.map(({ code }) => code);
      throw new CloudflareError(call, `Cloudflare's API answered ${status}${texts}`, status, codes);
    }
    const { data, error } = schema.safeParse(envelope.data.result);
    if (error === undefined) return data;
    const faults = error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; ");
    throw new CloudflareError(call, `Cloudflare's API answered with an unexpected body (${faults})`, status);
  }
}

/** The cause within a fetch error, such as `connect ECONNREFUSED 127.0.0.1:443`. */
function connectionFault(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
}

function isPassing(error: unknown): boolean {
  return error instanceof CloudflareError && (error.status === null || error.status === 429 || error.status >= 500);
}
