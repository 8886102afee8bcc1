import type { Context, ErrorHandler, NotFoundHandler } from "hono";
import { HTTPException } from "hono/http-exception";
import { Problem, type ProblemCode, PROBLEMS } from "../domain/problem.ts";
import { logError } from "../telemetry/log.ts";

/** The body of every error: RFC 9457, with our stable `code` and the field at fault. */
interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ProblemCode;
  readonly detail: string;
  readonly field?: string;
  readonly matched?: number;
}

function problemBody(problem: Problem): ProblemBody {
  return {
    type: "about:blank",
    title: PROBLEMS[problem.code].title,
    status: problem.status,
    code: problem.code,
    detail: problem.message,
    ...(problem.field === undefined ? {} : { field: problem.field }),
    ...(problem.matched === undefined ? {} : { matched: problem.matched }),
  };
}

/** Seconds after which a client may try again, of the problems that say so. */
const RETRY_AFTER_S: Partial<Record<ProblemCode, number>> = { too_many_attempts: 60, busy: 5 };

export function problemResponse(problem: Problem): Response {
  const headers: Record<string, string> = { "content-type": "application/problem+json", "cache-control": "no-store" };
  if (problem.code === "unauthorized") headers["www-authenticate"] = "Bearer";
  const retryAfter = RETRY_AFTER_S[problem.code];
  if (retryAfter !== undefined) headers["retry-after"] = String(retryAfter);
  return new Response(JSON.stringify(problemBody(problem)), { status: problem.status, headers });
}

/** Turns every error of a route into a problem. An unforeseen error is logged, and its text is not sent. */
export const onError: ErrorHandler = (error, context) => {
  if (error instanceof Problem) return problemResponse(error);
  if (error instanceof HTTPException && error.status < 500) {
    return problemResponse(new Problem("invalid_request", error.message));
  }
  logError("request_failed", error, { method: context.req.method, path: context.req.path });
  if (/\bD1_|D1 DB/.test(error.message)) {
    return problemResponse(new Problem("database_unavailable", "The database did not answer; try again in a moment."));
  }
  return problemResponse(new Problem("internal", "The request failed on our side; the log has the reason."));
};

export const onNotFound: NotFoundHandler = (context: Context) =>
  problemResponse(new Problem("not_found", `There is nothing at ${context.req.method} ${context.req.path}.`));
