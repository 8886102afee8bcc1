import { ELSE_FAIL } from "../d1/changed-meanwhile.ts";
import { monthDays } from "../domain/month.ts";

/** What the days of a month are, as one text: it changes where a day is published, deleted, or its aggregates are rebuilt. ?1: site, ?2 and ?3: days. */
const STATE = `
  (SELECT json_group_array(json_array(day, generation, updated_at)) FROM (
    SELECT day, generation, updated_at FROM day_files WHERE site_id = ?1 AND day >= ?2 AND day < ?3 ORDER BY day
  ))`;
const READ_STATE = `SELECT ${STATE} AS state`;
const EXPECT_STATE = `SELECT CASE WHEN ${STATE} = ?4 ${ELSE_FAIL}`;

/** Reads the state of a month's days: one row with a text `state`. */
export function monthStateStatement(db: D1Database, siteId: number, month: number): D1PreparedStatement {
  const { first, end } = monthDays(month);
  return db.prepare(READ_STATE).bind(siteId, first, end);
}

/** Lets the batch fail that it stands in, where a day of the month has changed since its state was read. */
export function expectMonthState(db: D1Database, siteId: number, month: number, state: string): D1PreparedStatement {
  const { first, end } = monthDays(month);
  return db.prepare(EXPECT_STATE).bind(siteId, first, end, state);
}
