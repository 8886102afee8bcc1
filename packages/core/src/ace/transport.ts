import { AceError } from "./ace-error.ts";
import { parseRetryAfter, type RetryPolicy, withRetries } from "./retry.ts";

export type AceFetch = (url: string, init: RequestInit) => Promise<Response>;

interface TransportConfig extends RetryPolicy {
  /** for example `https://flightdeck.aceiot.cloud/api`; a slash at its end does not matter */
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly fetch: AceFetch;
  /** longest time for one call, body included, in milliseconds */
  readonly timeoutMs: number;
}

export interface CallOptions {
  /** epoch milliseconds by which the answer must be here; neither calls nor waits go past it */
  readonly deadline?: number | undefined;
}

interface AceRequest<T> extends CallOptions {
  /** below the base URL, names in it percent-encoded; this is what error messages show */
  readonly path: string;
  /** asked anew for each try, so that a retry can ask for less */
  readonly query: () => Record<string, string>;
  /** checks the parsed JSON of a 200; throws an AceError when it is something else */
  readonly read: (body: unknown) => T;
  readonly onFailure?: (error: AceError) => boolean;
}

/** A key so long stands in no name by chance. */
const UNMISTAKABLE_CHARS = 16;

/** GET with key, timeout and retries; counts every call it makes. */
export class Transport {
  readonly #config: TransportConfig;
  readonly #baseUrl: string;
  #calls = 0;
  #latencyMs = 0;

  /** @throws {RangeError} when the key could not be a header's value; the message does not quote it */
  constructor(config: TransportConfig) {
    if (!/^[\x21-\x7e]+$/.test(config.apiKey)) throw new RangeError("the ACE API key must be visible ASCII characters");
    this.#config = config;
    this.#baseUrl = config.baseUrl.replace(/\/+$/, "");
  }

  /** calls made, retries included */
  get calls(): number {
    return this.#calls;
  }

  /** sum of all calls' times from request to the end of the body or failure, waits not included, in milliseconds */
  get latencyMs(): number {
    return this.#latencyMs;
  }

  /** @throws {AceError} */
  get<T>(request: AceRequest<T>): Promise<T> {
    const deadline = request.deadline ?? Number.POSITIVE_INFINITY;
    const call = async () => request.read(await this.#callOnce(request.path, request.query(), deadline));
    return withRetries(call, this.#config, { deadline, onFailure: request.onFailure });
  }

  async #callOnce(path: string, query: Record<string, string>, deadline: number): Promise<unknown> {
    const started = this.#config.now();
    const allowedMs = Math.min(this.#config.timeoutMs, deadline - started);
    if (allowedMs <= 0) throw new AceError("deadline", path, "the deadline has passed");
    this.#calls++;

    const controller = new AbortController();
    // raced, not left to the signal alone: a body that stalls must not outlive its time in any runtime
    const { promise: expired, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      reject(new AceError("timeout", path, `no complete answer within ${allowedMs} ms`));
      controller.abort();
    }, allowedMs);
    try {
      return await Promise.race([this.#exchange(path, query, controller.signal), expired]);
    } finally {
      clearTimeout(timer);
      this.#latencyMs += this.#config.now() - started;
    }
  }

  async #exchange(path: string, query: Record<string, string>, signal: AbortSignal): Promise<unknown> {
    const search = new URLSearchParams(query).toString();
    const response = await this.#send(path, search === "" ? path : `${path}?${search}`, signal);
    if (response.status !== 200) {
      // unread, its body would hold the connection; one that cannot be cancelled has failed already
      await response.body?.cancel().catch(() => undefined);
      throw new AceError("http", path, describeStatus(response.status), {
        status: response.status,
        retryAfterMs: parseRetryAfter(response.headers.get("retry-after"), this.#config.now()),
      });
    }
    const { apiKey } = this.#config;
    try {
      const text = await response.text();
      if (apiKey.length < UNMISTAKABLE_CHARS || !text.includes(apiKey)) return JSON.parse(text);
    } catch {
      throw new AceError("broken_body", path, "the body broke off or is not JSON");
    }
    // it would be stored with a record that it stands in, as a dead letter or a point's name
    throw new AceError("not_a_page", path, "the body quotes the API key");
  }

  async #send(path: string, target: string, signal: AbortSignal): Promise<Response> {
    // a plain function call: workerd's fetch refuses to run as a method of another object
    const { fetch, apiKey } = this.#config;
    try {
      return await fetch(this.#baseUrl + target, {
        headers: { authorization: `Bearer ${apiKey}`, accept: "application/json" },
        // not followed: the key must not travel to another host
        redirect: "manual",
        signal,
      });
    } catch {
      throw new AceError("network", path, "the connection failed");
    }
  }
}

function describeStatus(status: number): string {
  switch (status) {
    case 401:
      return "answered 401: the API key is missing or refused";
    case 403:
      return "answered 403: no such site, or none this key may read";
    case 500:
      return "answered 500, which this API also does for an invalid key";
    default:
      return `answered ${status}`;
  }
}
