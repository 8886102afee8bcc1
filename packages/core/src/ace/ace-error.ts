/** What can go wrong with the upstream API. A closed set: callers switch on it. */
export type AceErrorKind =
  /** it answered with another status than 200 */
  | "http"
  /** no complete answer within the time allowed for a call */
  | "timeout"
  /** the connection could not be made, or was lost before an answer */
  | "network"
  /** a 200 whose body is not a JSON object from its first byte, such as a maintenance page */
  | "not_json"
  /** a 200 whose body began as JSON and broke off */
  | "broken_body"
  /** a 200 whose body is longer than allowed */
  | "body_too_large"
  /** JSON that is not what this address should answer, or that does not say whether more follows */
  | "not_a_page"
  /** the next page's cursor has been here before: following it would never end */
  | "cursor_repeated"
  /** more pages than allowed, and still not the last one */
  | "page_limit"
  /** a list ended with fewer entries than it said it has */
  | "incomplete_list"
  /** the caller's deadline had passed before the call */
  | "deadline";

const RETRYABLE: Record<Exclude<AceErrorKind, "http">, boolean> = {
  timeout: true,
  network: true,
  not_json: true,
  broken_body: true,
  body_too_large: false,
  not_a_page: false,
  cursor_repeated: false,
  page_limit: false,
  incomplete_list: false,
  deadline: false,
};

/**
 * A failure of the upstream API. The message is safe to show and to log: it names the path without its query, and holds
 * neither the key nor anything the upstream sent. For that reason no `cause` is kept either: a runtime's own network
 * errors quote URLs and headers.
 */
export class AceError extends Error {
  override readonly name = "AceError";
  readonly kind: AceErrorKind;
  /** whether the same call may succeed when it is made again */
  readonly retryable: boolean;
  /** the HTTP status, of kind `http` only */
  readonly status: number | undefined;
  /** how long the upstream asked us to wait, in milliseconds */
  readonly retryAfterMs: number | undefined;
  /** how often the call was made; `withRetries` counts */
  tries = 1;
  /** no time was left to make it again */
  isLastTry = false;

  /**
   * @param path the upstream path, without base URL and query
   * @param detail what happened, in our own words
   */
  constructor(
    kind: AceErrorKind,
    path: string,
    detail: string,
    answer: { status?: number; retryAfterMs?: number | undefined } = {},
  ) {
    super(`ACE ${path}: ${detail}`);
    this.kind = kind;
    this.status = answer.status;
    this.retryAfterMs = answer.retryAfterMs;
    this.retryable = kind === "http" ? isRetryableStatus(answer.status) : RETRYABLE[kind];
  }
}

function isRetryableStatus(status: number | undefined): boolean {
  return status === 408 || status === 429 || (status !== undefined && status >= 500);
}
