import { AceError } from "./ace-error.ts";
import { type BodyReader, readBody, wholeJson } from "./body.ts";
import { parseRetryAfter, type RetryPolicy, withRetries } from "./retry.ts";

export type AceFetch = (url: string, init: RequestInit) => Promise<Response>;

interface TransportConfig extends RetryPolicy {
  /** for example `https://flightdeck.aceiot.cloud/api`, with or without a final slash */
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly fetch: AceFetch;
  /** maximum time of one call, including the body, in milliseconds */
  readonly timeoutMs: number;
  /** maximum body size, decompressed, in bytes */
  readonly maxBodyBytes: number;
}

export interface CallOptions {
  /** epoch milliseconds after which no call begins and no wait ends; a call in progress may take its full time */
  readonly deadline?: number | undefined;
  /** maximum time of one call if shorter than the client's, in milliseconds */
  readonly timeoutMs?: number | undefined;
}

interface AceRequest extends CallOptions {
  /** below the base URL, with percent-encoded names; error messages show it */
  readonly path: string;
  /** called for each try, so that a retry can request less */
  readonly query: () => Record<string, string>;
  readonly onFailure?: (error: AceError) => boolean;
}

/** Makes GET requests with key, timeout and retries, and counts all calls. */
export class Transport {
  readonly #config: TransportConfig;
  readonly #baseUrl: string;
  #calls = 0;
  #latencyMs = 0;

  /** @throws {RangeError} if the key is not a valid header value; the message does not quote it */
  constructor(config: TransportConfig) {
    if (!/^[\x21-\x7e]+$/.test(config.apiKey)) throw new RangeError("the ACE API key must be visible ASCII characters");
    this.#config = config;
    this.#baseUrl = config.baseUrl.replace(/\/+$/, "");
  }

  /** calls made, including retries */
  get calls(): number {
    return this.#calls;
  }

  /** sum of all calls' times from the request to the end of the body or the failure, without waits, in milliseconds */
  get latencyMs(): number {
    return this.#latencyMs;
  }

  /**
   * @param request.read checks the parsed JSON of a 200; throws an AceError for another shape
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
    // a race, because some runtime may not abort a stalled body by the signal
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
    // an unread body would hold the connection; a body that cannot be cancelled has failed already
    await response.body?.cancel().catch(() => undefined);
    throw new AceError("http", path, describeStatus(response.status), {
      status: response.status,
      retryAfterMs: parseRetryAfter(response.headers.get("retry-after"), this.#config.now()),
    });
  }

  async #send(path: string, target: string, signal: AbortSignal): Promise<Response> {
    // a plain function call: workerd's fetch refuses a call as a method of another object
    const { fetch, apiKey } = this.#config;
    try {
      return await fetch(this.#baseUrl + target, {
        headers: { authorization: `Bearer ${apiKey}`, accept: "application/json" },
        // redirects are not followed, so that the key does not reach another host
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
      return "answered 403: the site does not exist, or the key may not read it";
    case 500:
      return "answered 500; this API also answers 500 to an invalid key";
    default:
      return `answered ${status}`;
  }
}
