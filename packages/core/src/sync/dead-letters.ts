import { z } from "zod";
import { jsonChunks, MAX_UNICODE_CHARS } from "../d1/json-chunks.ts";
import { changeRows } from "../d1/change-rows.ts";
import { withD1Retry } from "../d1/retry.ts";
import { DAY_MS, dayOf } from "../domain/day.ts";
import type { TimeRange } from "../domain/time-range.ts";
import { type DeadLetter, LETTER_DAYS, DEAD_LETTER_REASONS, type DeadLetterReason } from "../domain/dead-letter.ts";

/** A stored dead letter. */
export interface StoredDeadLetter extends DeadLetter {
  readonly id: number;
  readonly syncId: string;
  /** start of its sync, epoch ms */
  readonly at: number;
}

/** Selects dead letters that match all of these. */
export interface DeadLetterFilter {
  readonly siteIds: readonly number[];
  readonly ids?: readonly number[] | undefined;
  readonly reason?: DeadLetterReason | undefined;
}

/**
 * The most dead letters of a run: 40 sites at their worst. An id is the time of the run in ms times this, plus a number
 * below it.
 */
const MAX_DEAD_LETTERS_PER_RUN = 1_000;

const INSERT = `
INSERT INTO dead_letters (id, identity, site_id, reason, sync_id, at, window_start, window_end, cursor, record, stage,
  error, samples)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, ?2, ?3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
  value ->> 8, value ->> 9, value ->> 10
FROM json_each(?1) WHERE true ON CONFLICT DO NOTHING`;

/**
 * Stores dead letters, the first 1,000 of a run. An existing one stays unchanged and costs no row.
 * @param at start of the sync, epoch ms
 * @param first how many of the run went into other databases: ids are unique across databases
 */
export async function recordDeadLetters(
  db: D1Database,
  syncId: string,
  at: number,
  letters: readonly DeadLetter[],
  first = 0,
): Promise<void> {
  if (letters.length === 0 || first >= MAX_DEAD_LETTERS_PER_RUN) return;
  const rows = await Promise.all(
    letters.slice(0, MAX_DEAD_LETTERS_PER_RUN - first).map(async (letter, i) => {
      const { siteId, page, about } = letter;
      const origin = [siteId, about.reason, page?.window.start ?? null, page?.window.end ?? null, page?.cursor ?? null];
      const details =
        about.reason === "write_failed" ? [null, about.stage, about.error, about.samples] : [about.record];
      return [at * MAX_DEAD_LETTERS_PER_RUN + first + i, await identityOf(letter, syncId, at), ...origin, ...details];
    }),
  );
  for (const { json } of jsonChunks(rows, (row) => JSON.stringify(row), MAX_UNICODE_CHARS)) {
    await withD1Retry(() => db.prepare(INSERT).bind(json, syncId, at).run());
  }
}

/** One record is one dead letter, however often it is served. An unconfigured point has one per day. */
async function identityOf({ siteId, page, about }: DeadLetter, syncId: string, at: number): Promise<string> {
  const subject =
    about.reason === "write_failed"
      ? [syncId, page?.window.start, page?.cursor]
      : about.point === undefined
        ? [about.record]
        : [about.point, dayOf(at)];
  const text = JSON.stringify([siteId, about.reason, ...subject]);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const WHERE = `
site_id IN (SELECT value FROM json_each(?1)) AND (?2 IS NULL OR reason = ?2)
  AND (?3 IS NULL OR id IN (SELECT value FROM json_each(?3)))`;

function bindingsOf({ siteIds, reason, ids }: DeadLetterFilter) {
  return [JSON.stringify(siteIds), reason ?? null, ids === undefined ? null : JSON.stringify(ids)] as const;
}

const rowSchema = z.object({
  id: z.int(),
  site_id: z.int(),
  reason: z.enum(DEAD_LETTER_REASONS),
  sync_id: z.string(),
  at: z.int(),
  window_start: z.int().nullable(),
  window_end: z.int().nullable(),
  cursor: z.string().nullable(),
  record: z.string().nullable(),
  stage: z.string().nullable(),
  error: z.string().nullable(),
  samples: z.int().nullable(),
});

/** Dead letters, newest first. @param before only those with a smaller id */
export async function readDeadLetters(
  db: D1Database,
  filter: DeadLetterFilter,
  limit: number,
  before: number = Number.MAX_SAFE_INTEGER,
): Promise<StoredDeadLetter[]> {
  const statement = db
    .prepare(`SELECT * FROM dead_letters WHERE ${WHERE} AND id < ?4 ORDER BY id DESC LIMIT ?5`)
    .bind(...bindingsOf(filter), before, limit);
  const { results } = await withD1Retry(() => statement.all());
  return z.array(rowSchema).parse(results).map(deadLetterOf);
}

function deadLetterOf(row: z.output<typeof rowSchema>): StoredDeadLetter {
  const { id, site_id: siteId, sync_id: syncId, at, cursor, reason, window_start: start, window_end: end } = row;
  const page = start === null || end === null ? null : { window: { start, end }, cursor };
  const { record, stage, error, samples } = row;
  if (reason !== "write_failed") return { id, siteId, syncId, at, page, about: { reason, record: record ?? "" } };
  const about = { reason, stage: stage ?? "", error: error ?? "", samples: samples ?? 0 };
  return { id, siteId, syncId, at, page, about };
}

/** Deletes dead letters. @returns their number */
export function dropDeadLetters(db: D1Database, filter: DeadLetterFilter): Promise<number> {
  const sql = `DELETE FROM dead_letters WHERE id IN (SELECT id FROM dead_letters WHERE ${WHERE} LIMIT ?4)`;
  return changeRows((most) => db.prepare(sql).bind(...bindingsOf(filter), most));
}

/** The statement that deletes dead letters. It runs in the transaction that stores their samples. */
export function dropStatement(db: D1Database, ids: readonly number[]): D1PreparedStatement {
  return db.prepare("DELETE FROM dead_letters WHERE id IN (SELECT value FROM json_each(?1))").bind(JSON.stringify(ids));
}

/** Deletes dead letters older than {@link LETTER_DAYS}. @param now epoch ms @returns their number */
export function pruneDeadLetters(db: D1Database, now: number): Promise<number> {
  const first = (now - LETTER_DAYS * DAY_MS) * MAX_DEAD_LETTERS_PER_RUN;
  const sql = "DELETE FROM dead_letters WHERE id IN (SELECT id FROM dead_letters WHERE id < ?1 ORDER BY id LIMIT ?2)";
  return changeRows((most) => db.prepare(sql).bind(first, most));
}

const FORGET_SOME = `
DELETE FROM dead_letters WHERE id IN (
  SELECT id FROM dead_letters WHERE site_id = ?1 AND window_start >= ?2 AND window_end <= ?3 LIMIT ?4
)`;

/**
 * Deletes the dead letters of pages inside a range: a replay would store them. Those across its bounds stay for 7 days.
 */
export async function forgetDeadLetters(db: D1Database, siteId: number, { start, end }: TimeRange): Promise<void> {
  await changeRows((most) => db.prepare(FORGET_SOME).bind(siteId, start, end, most));
}

const FORGET_SOME_OF_POINT = `
DELETE FROM dead_letters WHERE id IN (
  SELECT id FROM dead_letters WHERE site_id = ?1 AND instr(record, ?2) > 0 LIMIT ?3
)`;

/** Deletes the dead letters whose record names a point. */
export async function forgetPointDeadLetters(db: D1Database, siteId: number, point: string): Promise<void> {
  await changeRows((most) => db.prepare(FORGET_SOME_OF_POINT).bind(siteId, JSON.stringify(point), most));
}
