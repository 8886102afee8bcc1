import { z } from "zod";
import type { TimeRange } from "../domain/time-range.ts";
import { FROM_SEGMENTS, STAMP_RANGES } from "./segment-stamps.ts";

/** Larger than any stamp of a segment. */
export const EVERY_STAMP = Number.MAX_SAFE_INTEGER;

/** Blocks that one statement reads whole for a whole hour: 1.6 MB of text at a sample a minute. */
export const MAX_BLOCKS_PER_QUERY = 8;

const READ_BLOCKS = `${STAMP_RANGES} SELECT s.key, s.asked, json(s.body) AS body ${FROM_SEGMENTS}`;
/** A damaged row gets the body NULL. Without the check it would fail the statement. */
const CHECK_BLOCKS = `${STAMP_RANGES}
SELECT s.key, s.asked, CASE WHEN json_valid(s.body, 8) THEN json(s.body) END AS body ${FROM_SEGMENTS}`;

export const segmentRowsSchema = z.array(z.object({ key: z.int(), asked: z.int(), body: z.string().nullable() }));

/**
 * Statements that read some blocks whole; {@link segmentRowsSchema} parses their rows.
 * @param upTo the last wanted stamp @param atOnce blocks per statement
 * @param isChecked whether damaged rows get the body NULL, see `readChecked`
 */
export function blockStatements(
  db: D1Database,
  siteId: number,
  blocks: readonly number[],
  hours: readonly number[],
  { start, end }: TimeRange,
  upTo: number,
  atOnce: number,
  isChecked: boolean,
): D1PreparedStatement[] {
  const statement = isChecked ? db.prepare(CHECK_BLOCKS) : db.prepare(READ_BLOCKS);
  return Array.from({ length: Math.ceil(blocks.length / atOnce) }, (_, i) => {
    const some = blocks.slice(i * atOnce, (i + 1) * atOnce);
    return statement.bind(
      siteId,
      JSON.stringify(hours),
      JSON.stringify(some.map((block) => [block])),
      start,
      end,
      upTo,
    );
  });
}
