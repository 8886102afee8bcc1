import { z } from "zod";
import { ELSE_FAIL } from "../d1/changed-meanwhile.ts";
import { withD1Retry } from "../d1/retry.ts";

/**
 * Where a site's order of commits stands: its row of `site_clocks`. After Time Travel has turned D1 back, stamps come again. So a stamp
 * alone does not name a commit: the stamp with its token does.
 */
export interface SiteClock {
  /** of the last segments that were committed; 0: none were */
  readonly stamp: number;
  /** of the batch that moved it last */
  readonly token: string | null;
}

/** Rows of `SELECT stamp, token FROM site_clocks`. */
const clockSchema = z.array(z.object({ stamp: z.int(), token: z.string().nullable() }));

export function clockStatement(db: D1Database, siteId: number): D1PreparedStatement {
  return db.prepare("SELECT stamp, token FROM site_clocks WHERE site_id = ?1").bind(siteId);
}

/** The row that {@link clockStatement} found. */
export function parseClock(results: unknown): SiteClock {
  return clockSchema.parse(results)[0] ?? { stamp: 0, token: null };
}

/** ?1: site, ?2: stamp, ?3: token. */
const EXPECT = `
SELECT CASE WHEN EXISTS (SELECT 1 FROM site_clocks WHERE site_id = ?1 AND stamp = ?2 AND token IS ?3)
  OR (?2 = 0 AND NOT EXISTS (SELECT 1 FROM site_clocks WHERE site_id = ?1)) THEN 1 ELSE json('moved') END`;
const EXPECT_ERROR = "malformed JSON";

/** SQL of a JSON array with one more element, and without its first one where it has `most` already. */
function appended(column: string, value: string, most: number): string {
  const first = `CASE WHEN json_array_length(${column}) < ${most} THEN '$[${most}]' ELSE '$[0]' END`;
  return `json_remove(json_insert(${column}, '$[#]', ${value}), ${first})`;
}

/** Tokens that a clock keeps beside the last one: of far more batches than commit while one waits for its lost answer. */
const EARLIER = 16;
const WITH_TOKEN = appended("earlier_tokens", "token", EARLIER);

/** ?1: site, ?2: stamp, ?3: token. */
const MOVE = `
INSERT INTO site_clocks (site_id, stamp, token) VALUES (?1, ?2, ?3)
ON CONFLICT (site_id) DO UPDATE SET stamp = ?2, token = ?3, earlier_tokens = ${WITH_TOKEN}`;

/** Lets the batch that it is in fail where the clock has moved since it was read. */
export function expectClock(db: D1Database, siteId: number, { stamp, token }: SiteClock): D1PreparedStatement {
  return db.prepare(EXPECT).bind(siteId, stamp, token);
}

/**
 * The first statements of a batch that stores segments. They let it fail where another one has moved the clock since `from` was
 * read, so what was compared with the stored samples holds. Two batches never share a stamp.
 * @param token of this batch alone: {@link isCommitted}
 */
export function moveClock(
  db: D1Database,
  siteId: number,
  { from, to, token }: { readonly from: SiteClock; readonly to: number; readonly token: string },
): D1PreparedStatement[] {
  return [expectClock(db, siteId, from), db.prepare(MOVE).bind(siteId, to, token)];
}

const IS_COMMITTED = `
SELECT count(*) AS n FROM site_clocks c
WHERE c.site_id = ?1 AND (c.token = ?2 OR ?2 IN (SELECT t.value FROM json_each(c.earlier_tokens) t))`;

/** Whether a batch moved the clock, though its answer was lost and others may have moved it since. */
export async function isCommitted(db: D1Database, siteId: number, token: string): Promise<boolean> {
  return (await db.prepare(IS_COMMITTED).bind(siteId, token).first("n")) === 1;
}

/** Whether a batch failed because of {@link expectClock}; nothing of it was written. */
export function isClockMoved(error: unknown): boolean {
  return error instanceof Error && error.message.includes(EXPECT_ERROR);
}

/** ?1: site, ?2: token. */
const RAISE = `
INSERT INTO site_clocks (site_id, stamp, token) VALUES (?1, 1, ?2)
ON CONFLICT (site_id) DO UPDATE SET stamp = stamp + 1, token = ?2, earlier_tokens = ${WITH_TOKEN}`;

/** Lets every batch fail that was prepared before: for what changes stored samples otherwise. */
export function raiseClock(db: D1Database, siteId: number): D1PreparedStatement {
  return db.prepare(RAISE).bind(siteId, crypto.randomUUID());
}

/** Marks that a clock keeps: those of some twenty builds at once. A build whose mark is gone is merged again. */
const MARKS = 64;
const WITH_MARK = appended("marks", "?2", MARKS);

/** ?1: site, ?2: mark. */
const MARK = `
INSERT INTO site_clocks (site_id, stamp, marks) VALUES (?1, 0, json_array(?2))
ON CONFLICT (site_id) DO UPDATE SET marks = ${WITH_MARK}`;

/**
 * Reads what later writes depend on, and leaves a mark in D1 in the same transaction. If D1 is turned back to before that, the mark is
 * gone, whatever stamps come after: {@link expectMark}.
 * @returns the mark, and the results of the statements
 * @throws the error of D1, after retries
 */
export async function readMarked(db: D1Database, siteId: number, statements: readonly D1PreparedStatement[]) {
  return withD1Retry(async () => {
    // of this try alone: D1 may be turned back between two
    const mark = crypto.randomUUID();
    const [, ...results] = await db.batch([db.prepare(MARK).bind(siteId, mark), ...statements]);
    return { mark, results };
  });
}

/** ?1: site, ?2: mark. */
const EXPECT_MARK = `
SELECT CASE WHEN EXISTS (SELECT 1 FROM site_clocks c, json_each(c.marks) m WHERE c.site_id = ?1 AND m.value = ?2) ${ELSE_FAIL}`;

/** Lets the batch that it is in fail where D1 was turned back to before {@link readMarked}: segments to come may have the same stamps again. */
export function expectMark(db: D1Database, siteId: number, mark: string): D1PreparedStatement {
  return db.prepare(EXPECT_MARK).bind(siteId, mark);
}

/** ?1: site, ?2: stamp, ?3: token. */
const RAISE_TO = `
INSERT INTO site_clocks (site_id, stamp, token)
SELECT ?1, met, ?3 FROM (
  SELECT max(?2, coalesce((SELECT max(version) FROM hot_hours WHERE site_id = ?1), 0),
    coalesce((SELECT max(settled_stamp) FROM day_files WHERE site_id = ?1), 0)) AS met
) WHERE met > coalesce((SELECT stamp FROM site_clocks WHERE site_id = ?1), 0)
ON CONFLICT (site_id) DO UPDATE SET stamp = excluded.stamp, token = excluded.token, earlier_tokens = ${WITH_TOKEN}`;

/**
 * Moves a clock that was turned back up to a stamp and to every stamp in the site's rows: later segments get larger ones. Changes nothing
 * where the clock stands there already.
 */
export function raiseClockTo(db: D1Database, siteId: number, stamp: number): D1PreparedStatement {
  return db.prepare(RAISE_TO).bind(siteId, stamp, crypto.randomUUID());
}
