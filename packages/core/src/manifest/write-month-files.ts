import { z } from "zod";
import { withD1Retry } from "../d1/retry.ts";
import { monthDays, monthOf } from "../domain/month.ts";
import type { MonthGenerations, StoredMonthFile } from "./month-files.ts";

// The statements that write `month_files` (migrations/0001_schema.sql).

/** A month of a site, and the Workflow instance that builds it. */
export interface AppointedMonth {
  readonly month: number;
  readonly instance: string;
}

const appointedSchema = z.array(z.object({ month: z.int(), instance: z.string() }));

function appointedStatement(db: D1Database, siteId: number): D1PreparedStatement {
  return db
    .prepare(
      "SELECT month, instance FROM month_files WHERE site_id = ?1 AND instance IS NOT NULL ORDER BY month LIMIT 1",
    )
    .bind(siteId);
}

/** null: no month of the site is being built. */
export async function readAppointedMonth(db: D1Database, siteId: number): Promise<AppointedMonth | null> {
  const { results } = await withD1Retry(() => appointedStatement(db, siteId).all());
  return appointedSchema.parse(results)[0] ?? null;
}

/** ?1: site, ?2: month, ?3: instance. */
const APPOINT = `
INSERT INTO month_files (site_id, month, instance) SELECT ?1, ?2, ?3
WHERE NOT EXISTS (SELECT 1 FROM month_files o WHERE o.site_id = ?1 AND o.instance IS NOT NULL)
ON CONFLICT (site_id, month) DO UPDATE SET instance = ?3`;

/**
 * Gives a month to an instance unless an instance already builds a month of the site. Of concurrent calls one succeeds.
 * Safe to repeat.
 * @returns the site's month in work and its instance
 */
export async function appointMonth(
  db: D1Database,
  siteId: number,
  { month, instance }: AppointedMonth,
): Promise<AppointedMonth | null> {
  const appoint = db.prepare(APPOINT).bind(siteId, month, instance);
  const [, appointed] = await withD1Retry(() => db.batch([appoint, appointedStatement(db, siteId)]));
  return appointedSchema.parse(appointed?.results)[0] ?? null;
}

const MAY_BUILD = "SELECT 1 FROM month_files WHERE site_id = ?1 AND month = ?2 AND instance = ?3";

/** Whether an instance may still build its month. */
export async function mayBuild(db: D1Database, siteId: number, { month, instance }: AppointedMonth): Promise<boolean> {
  const statement = db.prepare(MAY_BUILD).bind(siteId, month, instance);
  return (await withD1Retry(() => statement.first())) !== null;
}

/** ?1: site, ?2: month, ?3: key. */
const NOTE_OBJECT = `
INSERT INTO month_files (site_id, month, key) VALUES (?1, ?2, ?3) ON CONFLICT (site_id, month) DO UPDATE SET key = ?3`;

/** Records that R2 may have an object, so that it is deleted if the month must have none. Call it before the put. */
export function noteObject(db: D1Database, siteId: number, month: number, key: string): D1PreparedStatement {
  return db.prepare(NOTE_OBJECT).bind(siteId, month, key);
}

const FORGET_OBJECT =
  "UPDATE month_files SET key = NULL WHERE site_id = ?1 AND month = ?2 AND instance = ?3 AND etag IS NULL";

/** Records that R2 has no object. Call it after the deletion. */
export function forgetObject(db: D1Database, siteId: number, { month, instance }: AppointedMonth): D1PreparedStatement {
  return db.prepare(FORGET_OBJECT).bind(siteId, month, instance);
}

/**
 * An object that is already published keeps its generation. ?1: site, ?2: month, ?3: instance, ?4 to ?7: the file, ?8:
 * its days.
 */
const PUBLISH = `
UPDATE month_files SET generation = generation + (etag IS NOT ?5), key = ?4, etag = ?5, bytes = ?6, rows = ?7, days = ?8
WHERE site_id = ?1 AND month = ?2 AND instance = ?3 RETURNING generation`;

const generationSchema = z.array(z.object({ generation: z.int() }));

/**
 * Points a month's row at a file that R2 already has, if the instance may still build the month. Belongs in a batch
 * that fails if a day of the month has changed. Safe to repeat.
 */
export function publishMonth(
  db: D1Database,
  siteId: number,
  { month, instance }: AppointedMonth,
  { key, etag, bytes, rows }: StoredMonthFile,
  days: MonthGenerations,
): D1PreparedStatement {
  return db.prepare(PUBLISH).bind(siteId, month, instance, key, etag, bytes, rows, JSON.stringify(days));
}

/** The file's generation, from the result of {@link publishMonth}; null: the instance may no longer build the month. */
export function publishedGeneration(results: unknown): number | null {
  return generationSchema.parse(results)[0]?.generation ?? null;
}

/** ?1: site, ?2: month, ?3: instance, ?4: days. */
const NOTE_PACKED =
  "UPDATE month_files SET packed = ?4, located = generation WHERE site_id = ?1 AND month = ?2 AND instance = ?3";

/**
 * Records the days that are packed for all points, and that `point_months` has all locators of the present file.
 * Belongs in a batch that fails if a packed day has changed.
 */
export function notePacked(
  db: D1Database,
  siteId: number,
  { month, instance }: AppointedMonth,
  packed: MonthGenerations,
): D1PreparedStatement {
  return db.prepare(NOTE_PACKED).bind(siteId, month, instance, JSON.stringify(packed));
}

/** ?1: site, ?2: month, ?3: day of the month, from 0. */
const FORGET_PACKED = `
UPDATE month_files SET packed = json_set(packed, '$[' || ?3 || ']', NULL)
WHERE site_id = ?1 AND month = ?2 AND CASE WHEN json_valid(packed) THEN packed ->> ('$[' || ?3 || ']') END IS NOT NULL`;

/**
 * Makes readers take a day's hours from `block_days`. Belongs in a batch that writes hours there without replacing the
 * day's file.
 */
export function forgetPacked(db: D1Database, siteId: number, day: number): D1PreparedStatement {
  const month = monthOf(day);
  return db.prepare(FORGET_PACKED).bind(siteId, month, String(day - monthDays(month).first));
}

/** ?1: site, ?2: month, ?3: instance, ?4: now, ?5: reason. */
const END = `
UPDATE month_files SET instance = NULL, built_at = ?4, reason = ?5, attempts = CASE WHEN ?5 IS NULL THEN 0 ELSE attempts + 1 END
WHERE site_id = ?1 AND month = ?2 AND instance = ?3`;

/**
 * Ends the build of a month. Does nothing if another instance builds it.
 * @param reason why the build failed; null: it succeeded @param now epoch ms
 */
export async function endMonth(
  db: D1Database,
  siteId: number,
  { month, instance }: AppointedMonth,
  reason: string | null,
  now: number,
): Promise<void> {
  await withD1Retry(() => db.prepare(END).bind(siteId, month, instance, now, reason).run());
}

/** ?1: site, ?2: month, ?3: etag; NULL: any, ?4: reason. */
const DROP_FILE = `
UPDATE month_files SET etag = NULL, bytes = NULL, rows = NULL, days = '[]', reason = ?4
WHERE site_id = ?1 AND month = ?2 AND etag IS NOT NULL AND (?3 IS NULL OR etag = ?3)`;

/**
 * Makes readers take a month's days from the day files, because its object is not the one that was written or holds
 * deleted samples. The month is then built again.
 * @param etag of the object; null: any @param reason null: the object has no fault
 */
export function dropMonthFile(
  db: D1Database,
  siteId: number,
  month: number,
  etag: string | null,
  reason: string | null,
): D1PreparedStatement {
  return db.prepare(DROP_FILE).bind(siteId, month, etag, reason);
}
