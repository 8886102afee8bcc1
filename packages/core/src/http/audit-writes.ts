import type { Context, MiddlewareHandler } from "hono";
import type { Identity } from "../domain/identity.ts";
import { Problem } from "../domain/problem.ts";
import { ISOLATE } from "../telemetry/isolate-counters.ts";
import { log, logError } from "../telemetry/log.ts";
import { auditParameters, auditText } from "./audit-parameters.ts";
import { type AuditEntry, recordAudit } from "./audit-store.ts";
import { parsedBody } from "./parse-body.ts";

/** Methods that change nothing. */
const READS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * The longest time that a response waits for its audit entry, in milliseconds. After that, the write of the entry
 * continues in the background.
 */
const MAX_WAIT_MS = 3_000;

export interface Audit {
  /** name of this Worker */
  readonly worker: string;
  /** the main database */
  readonly db: D1Database;
  /** texts that no entry may hold */
  readonly secrets: readonly string[];
}

/**
 * Wraps a handler behind the access check. Logs a write and records it in the audit, whether it succeeds or fails. If
 * the entry cannot be written, this is logged and the response stays the same.
 * @param auditOf from the Worker's environment
 * @param readsByPost paths whose POST changes nothing
 */
export function auditWrites<E extends object>(
  auditOf: (env: E) => Audit,
  readsByPost: readonly string[],
): MiddlewareHandler<{ Bindings: E }> {
  return async (context, next) => {
    if (READS.has(context.req.method) || readsByPost.includes(context.req.path)) return next();
    const audit = auditOf(context.env);
    const who = context.get("identity");
    const at = Date.now();
    const request = auditText(`${context.req.method} ${context.req.path}`, audit.secrets);
    log("manual_write", { worker: audit.worker, request, kind: who.kind, who: who.name });
    // Never rejects: Hono turns an error of the handler into the response.
    const handled = next();
    const recorded = handled.then(() => record(context, audit, { at, request, who }));
    // A client that disconnects must end neither the write nor its entry.
    context.executionCtx.waitUntil(recorded);
    await handled;
    await Promise.race([recorded, new Promise((resolve) => setTimeout(resolve, MAX_WAIT_MS))]);
  };
}

/** Never throws. */
async function record(
  context: Context,
  { worker, db, secrets }: Audit,
  { at, request, who }: { readonly at: number; readonly request: string; readonly who: Identity },
): Promise<void> {
  const { error } = context;
  const entry: AuditEntry = {
    at,
    id: crypto.randomUUID(),
    who,
    worker,
    request,
    parameters: auditParameters(parsedBody(context.req.raw), secrets),
    status: context.res.status,
    code: error instanceof Problem ? error.code : error === undefined ? null : "internal",
    durationMs: Date.now() - at,
  };
  const { status, code, durationMs } = entry;
  const facts = { worker, request, kind: who.kind, who: who.name, status, code, durationMs };
  const parameters = JSON.stringify(entry.parameters);
  log("manual_write_ended", { ...facts, parameters });
  try {
    await recordAudit(db, entry);
  } catch (failure) {
    ISOLATE.add("audit_failures");
    logError("audit_failed", failure, { ...facts, parameters });
  }
}
