import { z } from "zod";
import { withD1Retry } from "../d1/retry.ts";
import { monthDays, monthOf } from "../domain/month.ts";
import type { MonthGenerations, StoredMonthFile } from "./month-files.ts";

// The statements that write `month_files` (migrations/0001_schema.sql).

/** The month of a site that is being built. */
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
 * Gives a month to an instance, unless a month of the site is given to one already. Of any number of calls at once one appoints. Safe to
 * repeat.
 * @returns the instance that is appointed then, with its month
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

/** Whether a month is still given to an instance. */
export async function mayBuild(db: D1Database, siteId: number, { month, instance }: AppointedMonth): Promise<boolean> {
  const statement = db.prepare(MAY_BUILD).bind(siteId, month, instance);
  return (await withD1Retry(() => statement.first())) !== null;
}

/** ?1: site, ?2: month, ?3: key. */
const NOTE_OBJECT = `
INSERT INTO month_files (site_id, month, key) VALUES (?1, ?2, ?3) ON CONFLICT (site_id, month) DO UPDATE SET key = ?3`;

/** Notes that an object may be in R2, so that it is removed where the month is to have none. To run before one is put. */
export function noteObject(db: D1Database, siteId: number, month: number, key: string): D1PreparedStatement {
  return db.prepare(NOTE_OBJECT).bind(siteId, month, key);
}

const FORGET_OBJECT =
  "UPDATE month_files SET key = NULL WHERE site_id = ?1 AND month = ?2 AND instance = ?3 AND etag IS NULL";

/** Notes that no object is in R2. To run after it is deleted. */
export function forgetObject(db: D1Database, siteId: number, { month, instance }: AppointedMonth): D1PreparedStatement {
  return db.prepare(FORGET_OBJECT).bind(siteId, month, instance);
}

/** An object that was published already keeps its generation. ?1: site, ?2: month, ?3: instance, ?4 to ?7: the file, ?8: its days. */
const PUBLISH = `
UPDATE month_files SET generation = generation + (etag IS NOT ?5), key = ?4, etag = ?5, bytes = ?6, rows = ?7, days = ?8
WHERE site_id = ?1 AND month = ?2 AND instance = ?3 RETURNING generation`;

const generationSchema = z.array(z.object({ generation: z.int() }));

/**
 * Turns a month to a file that is in place, if it is still given to the instance. Belongs into a batch that holds only while its days are
 * those that the file was made of. Safe to repeat.
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

/** The file's generation, of the result of {@link publishMonth}; null: the month is not given to the instance any more. */
export function publishedGeneration(results: unknown): number | null {
  return generationSchema.parse(results)[0]?.generation ?? null;
}

/** ?1: site, ?2: month, ?3: instance, ?4: days. */
const NOTE_PACKED =
  "UPDATE month_files SET packed = ?4, located = generation WHERE site_id = ?1 AND month = ?2 AND instance = ?3";

/**
 * Notes the days that are packed for all points, and that `point_months` has all places of the present file. Belongs into a batch that holds only
 * while these days are as they were packed.
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

/** Belongs into a batch that writes hours of a day into `block_days` whose file stays the same: readers then look for them there. */
export function forgetPacked(db: D1Database, siteId: number, day: number): D1PreparedStatement {
  const month = monthOf(day);
  return db.prepare(FORGET_PACKED).bind(siteId, month, String(day - monthDays(month).first));
}

/** ?1: site, ?2: month, ?3: instance, ?4: now, ?5: reason. */
const END = `
UPDATE month_files SET instance = NULL, built_at = ?4, reason = ?5, attempts = CASE WHEN ?5 IS NULL THEN 0 ELSE attempts + 1 END
WHERE site_id = ?1 AND month = ?2 AND instance = ?3`;

/**
 * Takes a month from its instance. Does nothing where it is no longer given to it.
 * @param reason why the build failed; null: it did not @param now epoch ms
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

/** ?1: site, ?2: month, ?3: etag; NULL: whichever it has, ?4: reason. */
const DROP_FILE = `
UPDATE month_files SET etag = NULL, bytes = NULL, rows = NULL, days = '[]', reason = ?4
WHERE site_id = ?1 AND month = ?2 AND etag IS NOT NULL AND (?3 IS NULL OR etag = ?3)`;

/**
 * Lets readers take a month's days from the day files: its object is not what was written, or holds samples that are deleted. The month is
 * then built anew.
 * @param etag of the object that is meant; null: whichever the row has @param reason null: nothing is wrong with it
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
