/** Failures of the upstream API. A closed set: callers switch on it. */
export type AceErrorKind =
  /** a status other than 200 */
  | "http"
  /** no complete answer within the time limit of a call */
  | "timeout"
  /** no connection, or a connection lost before the answer */
  | "network"
  /** a 200 whose body is not a JSON object from its first byte, such as a maintenance page */
  | "not_json"
  /** a 200 whose JSON body broke off */
  | "broken_body"
  /** a 200 whose body is longer than the limit */
  | "body_too_large"
  /** JSON of another shape than this address serves, or a page that proves no end and has no cursor */
  | "not_a_page"
  /** the next page's cursor was used before, so following it would never end */
  | "cursor_repeated"
  /** more pages than the limit */
  | "page_limit"
  /** a list with fewer entries than announced */
  | "incomplete_list"
  /** the caller's deadline passed before the call */
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
 * neither the key nor any text of the upstream. It has no `cause`, because network errors of a runtime quote URLs and
 * headers.
 */
export class AceError extends Error {
  override readonly name = "AceError";
  readonly kind: AceErrorKind;
  /** whether repeating the same call may succeed */
  readonly retryable: boolean;
  /** the HTTP status, for kind `http` only */
  readonly status: number | undefined;
  /** the wait that the upstream demands, in milliseconds */
  readonly retryAfterMs: number | undefined;
  /** how often the call was made; counted by `withRetries` */
  tries = 1;
  /** whether no time was left to repeat it */
  isLastTry = false;

  /**
   * @param path the upstream path, without base URL and query
   * @param detail what happened, without text of the upstream
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
