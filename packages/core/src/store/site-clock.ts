import { z } from "zod";
import { ELSE_FAIL } from "../d1/changed-meanwhile.ts";

/** Where a site's order of commits stands: its row of `site_clocks`. */
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

/** ?1: site, ?2: stamp. */
const EXPECT = `
SELECT CASE WHEN coalesce((SELECT stamp FROM site_clocks WHERE site_id = ?1), 0) = ?2 THEN 1 ELSE json('moved') END`;
const EXPECT_ERROR = "malformed JSON";

const MOVE = `
INSERT INTO site_clocks (site_id, stamp, token) VALUES (?1, ?2, ?3)
ON CONFLICT (site_id) DO UPDATE SET stamp = ?2, token = ?3`;

/** Lets the batch that it is in fail where the clock has moved since `stamp` was read. */
export function expectClock(db: D1Database, siteId: number, stamp: number): D1PreparedStatement {
  return db.prepare(EXPECT).bind(siteId, stamp);
}

/**
 * The first statements of a batch that stores segments. They let it fail where another one has moved the clock since `from` was
 * read, so what was compared with the stored samples holds. Two batches never share a stamp.
 * @param token of this batch alone: a repeat tells by it that the batch was committed and its answer lost
 */
export function moveClock(
  db: D1Database,
  siteId: number,
  { from, to, token }: { readonly from: number; readonly to: number; readonly token: string },
): D1PreparedStatement[] {
  return [expectClock(db, siteId, from), db.prepare(MOVE).bind(siteId, to, token)];
}

/** Whether a batch failed because of {@link expectClock}; nothing of it was written. */
export function isClockMoved(error: unknown): boolean {
  return error instanceof Error && error.message.includes(EXPECT_ERROR);
}

const RAISE = `
INSERT INTO site_clocks (site_id, stamp) VALUES (?1, 1) ON CONFLICT (site_id) DO UPDATE SET stamp = stamp + 1, token = NULL`;

/** Lets every batch fail that was prepared before: for what changes stored samples otherwise. ?1: site. */
export function raiseClock(db: D1Database, siteId: number): D1PreparedStatement {
  return db.prepare(RAISE).bind(siteId);
}

/** ?1: site, ?2: stamp. */
const EXPECT_REACHED = `
SELECT CASE WHEN coalesce((SELECT stamp FROM site_clocks WHERE site_id = ?1), 0) >= ?2 ${ELSE_FAIL}`;

/**
 * Lets the batch that it is in fail where the clock stands before a stamp: D1 was turned back since that was read, and segments to come
 * will have smaller stamps.
 */
export function expectReached(db: D1Database, siteId: number, stamp: number): D1PreparedStatement {
  return db.prepare(EXPECT_REACHED).bind(siteId, stamp);
}

/** ?1: site, ?2: stamp. */
const RAISE_TO = `
INSERT INTO site_clocks (site_id, stamp)
SELECT ?1, met FROM (
  SELECT max(?2, coalesce((SELECT max(version) FROM hot_hours WHERE site_id = ?1), 0),
    coalesce((SELECT max(folded_stamp) FROM day_files WHERE site_id = ?1), 0)) AS met
) WHERE met > coalesce((SELECT stamp FROM site_clocks WHERE site_id = ?1), 0)
ON CONFLICT (site_id) DO UPDATE SET stamp = excluded.stamp, token = NULL`;

/**
 * Moves a clock that was turned back up to a stamp and to every stamp in the site's rows: later segments get larger ones. Changes nothing
 * where the clock stands there already.
 */
export function raiseClockTo(db: D1Database, siteId: number, stamp: number): D1PreparedStatement {
  return db.prepare(RAISE_TO).bind(siteId, stamp);
}
