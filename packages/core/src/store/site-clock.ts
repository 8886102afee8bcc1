import { z } from "zod";
import { ELSE_FAIL } from "../d1/changed-meanwhile.ts";

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

const MOVE = `
INSERT INTO site_clocks (site_id, stamp, token) VALUES (?1, ?2, ?3)
ON CONFLICT (site_id) DO UPDATE SET stamp = ?2, token = ?3`;

/** Lets the batch that it is in fail where the clock has moved since it was read. */
export function expectClock(db: D1Database, siteId: number, { stamp, token }: SiteClock): D1PreparedStatement {
  return db.prepare(EXPECT).bind(siteId, stamp, token);
}

/**
 * The first statements of a batch that stores segments. They let it fail where another one has moved the clock since `from` was
 * read, so what was compared with the stored samples holds. Two batches never share a stamp.
 * @param token of this batch alone: a repeat tells by it that the batch was committed and its answer lost
 */
export function moveClock(
  db: D1Database,
  siteId: number,
  { from, to, token }: { readonly from: SiteClock; readonly to: number; readonly token: string },
): D1PreparedStatement[] {
  return [expectClock(db, siteId, from), db.prepare(MOVE).bind(siteId, to, token)];
}

/** Whether a batch failed because of {@link expectClock}; nothing of it was written. */
export function isClockMoved(error: unknown): boolean {
  return error instanceof Error && error.message.includes(EXPECT_ERROR);
}

/** ?1: site, ?2: token. */
const RAISE = `
INSERT INTO site_clocks (site_id, stamp, token) VALUES (?1, 1, ?2)
ON CONFLICT (site_id) DO UPDATE SET stamp = stamp + 1, token = ?2`;

/** Lets every batch fail that was prepared before: for what changes stored samples otherwise. */
export function raiseClock(db: D1Database, siteId: number): D1PreparedStatement {
  return db.prepare(RAISE).bind(siteId, crypto.randomUUID());
}

/** Marks that a clock keeps: those of some ten builds at once. A build whose mark is gone is merged again. */
const MARKS = 32;

/** ?1: site, ?2: mark. */
const MARK = `
INSERT INTO site_clocks (site_id, stamp, marks) VALUES (?1, 0, json_array(?2))
ON CONFLICT (site_id) DO UPDATE SET marks = json_remove(
  json_insert(marks, '$[#]', ?2), CASE WHEN json_array_length(marks) < ${MARKS} THEN '$[${MARKS}]' ELSE '$[0]' END
)`;

/**
 * Leaves a mark in D1 for work that reads the clock, or a version of hours, and writes by it later. Belongs into the batch that reads it.
 * If D1 is turned back to before that, the mark is gone, whatever stamps come after: {@link expectMark}.
 * @param mark unique for each try of the batch
 */
export function markClock(db: D1Database, siteId: number, mark: string): D1PreparedStatement {
  return db.prepare(MARK).bind(siteId, mark);
}

/** ?1: site, ?2: mark. */
const EXPECT_MARK = `
SELECT CASE WHEN EXISTS (SELECT 1 FROM site_clocks c, json_each(c.marks) m WHERE c.site_id = ?1 AND m.value = ?2) ${ELSE_FAIL}`;

/** Lets the batch that it is in fail where D1 was turned back to before {@link markClock}: segments to come may have the same stamps again. */
export function expectMark(db: D1Database, siteId: number, mark: string): D1PreparedStatement {
  return db.prepare(EXPECT_MARK).bind(siteId, mark);
}

/** ?1: site, ?2: stamp, ?3: token. */
const RAISE_TO = `
INSERT INTO site_clocks (site_id, stamp, token)
SELECT ?1, met, ?3 FROM (
  SELECT max(?2, coalesce((SELECT max(version) FROM hot_hours WHERE site_id = ?1), 0),
    coalesce((SELECT max(folded_stamp) FROM day_files WHERE site_id = ?1), 0)) AS met
) WHERE met > coalesce((SELECT stamp FROM site_clocks WHERE site_id = ?1), 0)
ON CONFLICT (site_id) DO UPDATE SET stamp = excluded.stamp, token = excluded.token`;

/**
 * Moves a clock that was turned back up to a stamp and to every stamp in the site's rows: later segments get larger ones. Changes nothing
 * where the clock stands there already.
 */
export function raiseClockTo(db: D1Database, siteId: number, stamp: number): D1PreparedStatement {
  return db.prepare(RAISE_TO).bind(siteId, stamp, crypto.randomUUID());
}
