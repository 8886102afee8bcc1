import { z } from "zod";
import { ELSE_FAIL } from "../d1/changed-meanwhile.ts";
import { withD1Retry } from "../d1/retry.ts";

/**
 * The position of a site in its order of commits: its row of `site_clocks`. After Time Travel restores D1, stamps
 * repeat, so a commit is identified by stamp and token together.
 */
export interface SiteClock {
  /** of the last committed segments; 0: none */
  readonly stamp: number;
  /** of the batch that moved the clock last */
  readonly token: string | null;
}

/** Rows of `SELECT stamp, token FROM site_clocks`. */
const clockSchema = z.array(z.object({ stamp: z.int(), token: z.string().nullable() }));

export function clockStatement(db: D1Database, siteId: number): D1PreparedStatement {
  return db.prepare("SELECT stamp, token FROM site_clocks WHERE site_id = ?1").bind(siteId);
}

/** Parses the row of {@link clockStatement}. */
export function parseClock(results: unknown): SiteClock {
  return clockSchema.parse(results)[0] ?? { stamp: 0, token: null };
}

/** ?1: site, ?2: stamp, ?3: token. */
const EXPECT = `
SELECT CASE WHEN EXISTS (SELECT 1 FROM site_clocks WHERE site_id = ?1 AND stamp = ?2 AND token IS ?3)
  OR (?2 = 0 AND NOT EXISTS (SELECT 1 FROM site_clocks WHERE site_id = ?1)) THEN 1 ELSE json('moved') END`;
const EXPECT_ERROR = "malformed JSON";

/** A JSON array with one more element, in SQL, and without its first one if it already has `most`. */
function appended(column: string, value: string, most: number): string {
  const first = `CASE WHEN json_array_length(${column}) < ${most} THEN '$[${most}]' ELSE '$[0]' END`;
  return `json_remove(json_insert(${column}, '$[#]', ${value}), ${first})`;
}

/** Tokens that a clock keeps beside the last one: far more than batches commit while one waits for its lost answer. */
const EARLIER = 16;
const WITH_TOKEN = appended("earlier_tokens", "token", EARLIER);

/** ?1: site, ?2: stamp, ?3: token. */
const MOVE = `
INSERT INTO site_clocks (site_id, stamp, token) VALUES (?1, ?2, ?3)
ON CONFLICT (site_id) DO UPDATE SET stamp = ?2, token = ?3, earlier_tokens = ${WITH_TOKEN}`;

/** Fails its batch if the clock has moved since it was read. */
export function expectClock(db: D1Database, siteId: number, { stamp, token }: SiteClock): D1PreparedStatement {
  return db.prepare(EXPECT).bind(siteId, stamp, token);
}

/**
 * The first statements of a batch that stores segments. They fail it if another batch has moved the clock since `from`
 * was read, so that the comparison with stored samples still holds. Two batches never share a stamp.
 * @param token unique to this batch, see {@link isCommitted}
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

/** Whether a batch moved the clock, although its answer was lost and other batches may have moved it since. */
export async function isCommitted(db: D1Database, siteId: number, token: string): Promise<boolean> {
  return (await db.prepare(IS_COMMITTED).bind(siteId, token).first("n")) === 1;
}

/** Whether a batch failed because of {@link expectClock}, and wrote nothing. */
export function isClockMoved(error: unknown): boolean {
  return error instanceof Error && error.message.includes(EXPECT_ERROR);
}

/** ?1: site, ?2: token. */
const RAISE = `
INSERT INTO site_clocks (site_id, stamp, token) VALUES (?1, 1, ?2)
ON CONFLICT (site_id) DO UPDATE SET stamp = stamp + 1, token = ?2, earlier_tokens = ${WITH_TOKEN}`;

/** Fails every batch that was prepared before. Add it to a batch that changes stored samples in another way. */
export function raiseClock(db: D1Database, siteId: number): D1PreparedStatement {
  return db.prepare(RAISE).bind(siteId, crypto.randomUUID());
}

/** Marks that a clock keeps, enough for about twenty concurrent builds. A build whose mark is gone merges again. */
const MARKS = 64;
const WITH_MARK = appended("marks", "?2", MARKS);

/** ?1: site, ?2: mark. */
const MARK = `
INSERT INTO site_clocks (site_id, stamp, marks) VALUES (?1, 0, json_array(?2))
ON CONFLICT (site_id) DO UPDATE SET marks = ${WITH_MARK}`;

/**
 * Reads the inputs of later writes, and stores a mark in D1 in the same transaction. If D1 is restored to an earlier
 * time, the mark is gone, and {@link expectMark} fails, even if the same stamps come again.
 * @returns the mark, and the results of the statements
 * @throws the error of D1, after retries
 */
export async function readMarked(db: D1Database, siteId: number, statements: readonly D1PreparedStatement[]) {
  return withD1Retry(async () => {
    // Unique to this attempt: D1 may be restored between two.
    const mark = crypto.randomUUID();
    const [, ...results] = await db.batch([db.prepare(MARK).bind(siteId, mark), ...statements]);
    return { mark, results };
  });
}

/** ?1: site, ?2: mark. */
const EXPECT_MARK = `
SELECT CASE WHEN EXISTS (SELECT 1 FROM site_clocks c, json_each(c.marks) m WHERE c.site_id = ?1 AND m.value = ?2) ${ELSE_FAIL}`;

/** Fails its batch if D1 was restored to a time before {@link readMarked}: later segments may repeat stamps. */
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
 * Moves a restored clock up to a stamp and to every stamp in the site's rows, so that later segments get larger ones.
 * Does nothing if the clock is already there.
 */
export function raiseClockTo(db: D1Database, siteId: number, stamp: number): D1PreparedStatement {
  return db.prepare(RAISE_TO).bind(siteId, stamp, crypto.randomUUID());
}
