import { z } from "zod";
import { withD1Retry } from "../d1/retry.ts";
import { DAY_MS } from "../domain/day.ts";
import { type Identity, identitySchema } from "../domain/identity.ts";

/** How long entries are kept, in days. */
export const AUDIT_DAYS = 400;

/** A manual write. */
export interface AuditEntry {
  /** when the request arrived, epoch ms */
  readonly at: number;
  /** random; distinguishes entries of the same millisecond */
  readonly id: string;
  readonly who: Identity;
  /** the Worker that handled the request */
  readonly worker: string;
  /** method and path, such as `POST /trigger` */
  readonly request: string;
  /** the body, shortened and without secrets */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** HTTP status of the answer */
  readonly status: number;
  /** the problem's code; null: the answer was not a problem */
  readonly code: string | null;
  readonly durationMs: number;
}

/** Position after which the next page of entries begins, newest first. */
export type AuditCursor = Pick<AuditEntry, "at" | "id">;

/** Writes an entry. Safe to repeat. @throws the error of D1, after retries */
export async function recordAudit(db: D1Database, entry: AuditEntry): Promise<void> {
  const { at, id, who, worker, request, parameters, status, code, durationMs } = entry;
  const statement = db
    .prepare(
      `INSERT INTO audit (at, id, who, worker, request, parameters, status, code, duration_ms)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING`,
    )
    .bind(at, id, JSON.stringify(who), worker, request, JSON.stringify(parameters), status, code, durationMs);
  await withD1Retry(() => statement.run());
}

const json = z.string().transform((text): unknown => JSON.parse(text));
const rowsSchema = z.array(
  z.object({
    at: z.int(),
    id: z.string(),
    who: json.pipe(identitySchema),
    worker: z.string(),
    request: z.string(),
    parameters: json.pipe(z.record(z.string(), z.unknown())),
    status: z.int(),
    code: z.string().nullable(),
    duration_ms: z.int(),
  }),
);

/**
 * Entries, newest first.
 * @param since epoch ms; older entries are excluded
 * @param after the last entry of the previous page
 */
export async function readAudit(
  db: D1Database,
  since: number,
  limit: number,
  after: AuditCursor = { at: Number.MAX_SAFE_INTEGER, id: "" },
): Promise<AuditEntry[]> {
  const statement = db
    .prepare("SELECT * FROM audit WHERE at >= ?1 AND (at, id) < (?2, ?3) ORDER BY at DESC, id DESC LIMIT ?4")
    .bind(since, after.at, after.id, limit);
  const { results } = await withD1Retry(() => statement.all());
  return rowsSchema.parse(results).map(({ duration_ms: durationMs, ...rest }) => ({ ...rest, durationMs }));
}

/** Deletes entries older than {@link AUDIT_DAYS}. @param now epoch ms @returns how many */
export async function pruneAudit(db: D1Database, now: number): Promise<number> {
  const statement = db.prepare("DELETE FROM audit WHERE at < ?1").bind(now - AUDIT_DAYS * DAY_MS);
  return (await withD1Retry(() => statement.run())).meta.changes;
}
