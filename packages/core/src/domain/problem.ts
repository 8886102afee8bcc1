/** Every error of our HTTP answers, by its stable `code`. The set is closed, so that clients can switch on it. */
export const PROBLEMS = {
  invalid_request: { status: 400, title: "The request is not valid" },
  span_too_long: { status: 400, title: "The time range is too long" },
  too_many_points: { status: 400, title: "Too many points" },
  agg_not_for_quantity: { status: 422, title: "The aggregate means nothing for the quantity" },
  epoch_seconds: { status: 400, title: "A time is not in epoch milliseconds" },
  unsupported_filter: { status: 400, title: "The filter uses what is not supported" },
  ambiguous_point_names: { status: 400, title: "The point names have two readings" },
  unauthorized: { status: 401, title: "A valid token is needed" },
  cross_site: { status: 403, title: "A page of another site may not ask for this" },
  not_found: { status: 404, title: "There is nothing at this address" },
  unknown_site: { status: 404, title: "There is no such site" },
  unknown_point: { status: 404, title: "There is no such point" },
  method_not_allowed: { status: 405, title: "The address does not take this method" },
  backfill_in_progress: { status: 409, title: "A backfill is in progress" },
  backfill_queue_full: { status: 409, title: "The queue of backfills is full" },
  no_backfill_running: { status: 409, title: "No backfill is in progress" },
  site_paused: { status: 409, title: "The site is paused" },
  site_not_paused: { status: 409, title: "The site is not paused" },
  suspect_day: { status: 409, title: "The day's file is not what was written" },
  body_too_large: { status: 413, title: "The body is too large" },
  address_too_long: { status: 414, title: "The address is too long" },
  range_not_satisfiable: { status: 416, title: "The file has no such bytes" },
  host_not_local: { status: 421, title: "A local run does not answer to this host name" },
  too_much_data: { status: 422, title: "The answer would be too large" },
  too_many_attempts: { status: 429, title: "Too many failed attempts" },
  internal: { status: 500, title: "Something went wrong on our side" },
  settings_invalid: { status: 500, title: "A setting of this deployment is not valid" },
  database_unavailable: { status: 503, title: "The database did not answer" },
  cold_unavailable: { status: 503, title: "The archive did not answer" },
  engine_unavailable: { status: 503, title: "The backfill's engine did not answer" },
  access_unavailable: { status: 503, title: "The sign-in service did not answer" },
  query_timeout: { status: 503, title: "The query took too long" },
  busy: { status: 503, title: "Too many queries are running" },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof PROBLEMS;

export function isProblemCode(value: unknown): value is ProblemCode {
  return typeof value === "string" && Object.hasOwn(PROBLEMS, value);
}

/** An error for the caller of our HTTP API. Its message is safe to show. */
export class Problem extends Error {
  readonly code: ProblemCode;
  /** the request field or setting at fault, if any */
  readonly field: string | undefined;
  /** of `too_many_points`: the points that a filter or search matched */
  readonly matched: number | undefined;

  /** @param detail found and expected values, in a sentence without secrets */
  constructor(code: ProblemCode, detail: string, field?: string, { matched }: { readonly matched?: number } = {}) {
    super(detail);
    this.name = "Problem";
    this.code = code;
    this.field = field;
    this.matched = matched;
  }

  get status(): (typeof PROBLEMS)[ProblemCode]["status"] {
    return PROBLEMS[this.code].status;
  }
}
