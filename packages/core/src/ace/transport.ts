import { AceError } from "./ace-error.ts";
import { type BodyReader, readBody, wholeJson } from "./body.ts";
import { parseRetryAfter, type RetryPolicy, withRetries } from "./retry.ts";

export type AceFetch = (url: string, init: RequestInit) => Promise<Response>;

interface TransportConfig extends RetryPolicy {
  /** for example `https://flightdeck.aceiot.cloud/api`; a slash at its end does not matter */
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly fetch: AceFetch;
  /** longest time for one call, body included, in milliseconds */
  readonly timeoutMs: number;
  /** longest body, decompressed, in bytes */
  readonly maxBodyBytes: number;
}

export interface CallOptions {
  /** epoch milliseconds after which no call is begun and no wait ends; a call that is under way has its whole time */
  readonly deadline?: number | undefined;
  /** longest time for one call, where it is to be shorter than the client's, in milliseconds */
  readonly timeoutMs?: number | undefined;
}

interface AceRequest extends CallOptions {
  /** below the base URL, names in it percent-encoded; this is what error messages show */
  readonly path: string;
  /** asked anew for each try, so that a retry can ask for less */
  readonly query: () => Record<string, string>;
  readonly onFailure?: (error: AceError) => boolean;
}

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

  /**
   * @param request.read checks the parsed JSON of a 200; throws an AceError when it is something else
   * @throws {AceError}
   */
  get<T>({ read, ...request }: AceRequest & { readonly read: (body: unknown) => T }): Promise<T> {
    return this.getStreamed({ ...request, reader: () => wholeJson(read) });
  }

  /**
   * @param request.reader creates the reader of a 200's body, for each attempt
   * @throws {AceError}
   */
  getStreamed<T>(request: AceRequest & { readonly reader: () => BodyReader<T> }): Promise<T> {
    const deadline = request.deadline ?? Number.POSITIVE_INFINITY;
    const call = () => this.#callOnce(request, request.reader(), deadline);
    return withRetries(call, this.#config, { deadline, onFailure: request.onFailure });
  }

  async #callOnce<T>(request: AceRequest, reader: BodyReader<T>, deadline: number): Promise<T> {
    const { path } = request;
    const started = this.#config.now();
    if (started >= deadline) throw new AceError("deadline", path, "the deadline has passed");
    const allowedMs = Math.min(this.#config.timeoutMs, request.timeoutMs ?? Number.POSITIVE_INFINITY);
    this.#calls++;

    const controller = new AbortController();
    // raced, not left to the signal alone: a body that stalls must not outlive its time in any runtime
    const { promise: expired, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      reject(new AceError("timeout", path, `no complete answer within ${allowedMs} ms`));
      controller.abort();
    }, allowedMs);
    try {
      return await Promise.race([this.#exchange(path, request.query(), reader, controller.signal), expired]);
    } finally {
      clearTimeout(timer);
      this.#latencyMs += this.#config.now() - started;
    }
  }

  async #exchange<T>(
    path: string,
    query: Record<string, string>,
    reader: BodyReader<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const search = new URLSearchParams(query).toString();
    const response = await this.#send(path, search === "" ? path : `${path}?${search}`, signal);
    const { apiKey, maxBodyBytes: maxBytes } = this.#config;
    if (response.status === 200) return readBody(response, reader, { path, apiKey, maxBytes });
    // unread, its body would hold the connection; one that cannot be cancelled has failed already
    await response.body?.cancel().catch(() => undefined);
    throw new AceError("http", path, describeStatus(response.status), {
      status: response.status,
      retryAfterMs: parseRetryAfter(response.headers.get("retry-after"), this.#config.now()),
    });
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
