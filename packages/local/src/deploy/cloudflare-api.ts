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

/** How often a read is tried, and how long the first wait between tries is, ms. */
const READ_TRIES = 3;
const FIRST_WAIT_MS = 500;
const TIMEOUT_MS = 30_000;

/** An error that Cloudflare's API answered with, or a connection that failed. */
export class CloudflareError extends Error {
  override readonly name = "CloudflareError";
  /** HTTP status; null: no answer came */
  readonly status: number | null;
  /** Cloudflare's own error codes */
  readonly codes: readonly number[];

  constructor(call: string, status: number | null, errors: readonly { code: number; message: string }[]) {
    const texts = errors.map(({ code, message }) => `${message} [code: ${code}]`);
    const answer = status === null ? "no answer from Cloudflare's API" : `Cloudflare's API answered ${status}`;
    super(`${call}: ${answer}${texts.length === 0 ? "" : `: ${texts.join("; ")}`}`);
    this.status = status;
    this.codes = errors.map(({ code }) => code);
  }
}

/**
 * Cloudflare's REST API, https://developers.cloudflare.com/api/. Paths begin behind `/client/v4/`. A read is repeated
 * after a broken connection, a 429 and a 5xx; a write never is.
 */
export class CloudflareApi {
  readonly #baseUrl: string;
  readonly #headers: Readonly<Record<string, string>>;

  private constructor(baseUrl: string, headers: Readonly<Record<string, string>>) {
    this.#baseUrl = baseUrl;
    this.#headers = headers;
  }

  /** Uses CLOUDFLARE_API_TOKEN, or the login of wrangler. @throws Error that says how to log in */
  static async login(wrangler: Wrangler): Promise<CloudflareApi> {
    const baseUrl = process.env["CLOUDFLARE_API_BASE_URL"] ?? DEFAULT_BASE_URL;
    const token = process.env["CLOUDFLARE_API_TOKEN"] ?? "";
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
        return schema.parse(await this.#send("GET", path, null));
      } catch (error) {
        if (!isPassing(error) || tried === READ_TRIES) throw error;
        await sleep(FIRST_WAIT_MS * 2 ** (tried - 1));
      }
    }
  }

  /** Sends SQL that only reads, so it may be repeated. @throws {CloudflareError} */
  async post<S extends z.ZodType>(schema: S, path: string, body: object): Promise<z.output<S>> {
    return schema.parse(await this.#send("POST", path, body));
  }

  /** @throws {CloudflareError} */
  async put(path: string, body: object): Promise<void> {
    await this.#send("PUT", path, body);
  }

  async #send(method: string, path: string, body: object | null): Promise<unknown> {
    const call = `${method} /${path.split("?")[0]}`;
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${this.#baseUrl}/${path}`, {
        method,
        headers: { ...this.#headers, ...(body === null ? {} : { "content-type": "application/json" }) },
        ...(body === null ? {} : { body: JSON.stringify(body) }),
        // the login must not travel to another host
        redirect: "manual",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      text = await response.text();
    } catch {
      throw new CloudflareError(call, null, []);
    }
    const envelope = envelopeSchema.safeParse(parseJson(text));
    if (!response.ok || envelope.data?.success !== true) {
      throw new CloudflareError(call, response.status, envelope.data?.errors ?? []);
    }
    return envelope.data.result;
  }
}

function isPassing(error: unknown): boolean {
  return error instanceof CloudflareError && (error.status === null || error.status === 429 || error.status >= 500);
}
