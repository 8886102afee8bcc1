import { blockOf } from "../domain/block.ts";
import type { TimeRange } from "../domain/time-range.ts";
import { placeOfKey } from "./segment-key.ts";
import { FROM_SEGMENTS, STAMPS } from "./segment-stamps.ts";
import { blockStatements, EVERY_STAMP, segmentRowsSchema } from "./whole-blocks.ts";

/** Points whose samples are asked for in one batch: of an open day at a sample a minute 6 MB of text. */
const MAX_POINTS_PER_BATCH = 160;

/** A segment with the samples of some points only; `body` as segment-body.ts reads it, null: SQLite cannot read it. */
export interface SegmentRow {
  readonly key: number;
  readonly asked: number;
  readonly body: string | null;
}

/** What to read of segments. */
export interface SegmentsWanted {
  readonly siteId: number;
  /** starts of UTC hours, by point id, epoch ms */
  readonly hours: ReadonlyMap<number, readonly number[]>;
  /** half-open, epoch ms */
  readonly range: TimeRange;
}

/** A block and the points that are wanted of it. */
type BlockPoints = readonly [block: number, ids: readonly number[]];

/** The blocks of one statement. `columns`: the points that it can pick of a block; null: the blocks are read whole. */
export interface Pick {
  readonly columns: number | null;
  readonly blocks: BlockPoints[];
}

/**
 * A column a point: half of the time that an object of the points takes, and D1 counts the segment alone as read. A block of which more
 * points are wanted is read whole, because D1 gives at most 100 columns a row. ?3: [block, a JSON path for each column].
 */
const PICKS = [1, 4, 16, 90].map((columns) => {
  const PICKED = Array.from({ length: columns }, (_, i) => `s.body -> (b.value ->> ${i + 1}) AS p${i}`).join();
  const CHECKED = PICKED.replaceAll("s.body", "CASE WHEN json_valid(s.body, 8) THEN s.body END");
  const sql = `${STAMPS} SELECT s.key, s.asked, ${PICKED} ${FROM_SEGMENTS}`;
  const checked = `${STAMPS} SELECT s.key, s.asked, json_valid(s.body, 8) AS is_sound, ${CHECKED} ${FROM_SEGMENTS}`;
  return { columns, sql, checked };
});

/** The statements of each batch. No block is in two of them. */
export function batchesOf(pointIds: readonly number[]): Pick[][] {
  const all: Pick[][] = [];
  let free = 0;
  for (const block of Map.groupBy(pointIds, blockOf)) {
    const [, { length }] = block;
    if (length > free) {
      all.push([]);
      free = MAX_POINTS_PER_BATCH;
    }
    free -= length;
    const columns = PICKS.find((one) => one.columns >= length)?.columns ?? null;
    const pick = all.at(-1)!.find((one) => one.columns === columns);
    if (pick === undefined) all.at(-1)!.push({ columns, blocks: [block] });
    else pick.blocks.push(block);
  }
  return all;
}

/** The statement of a pick; its rows are for {@link pickedRows}. @param isChecked see `readChecked` */
export function pickStatement(
  db: D1Database,
  { siteId, hours, range }: SegmentsWanted,
  { columns, blocks }: Pick,
  isChecked: boolean,
): D1PreparedStatement {
  const wanted = [...new Set(blocks.flatMap(([, ids]) => ids.flatMap((id) => hours.get(id) ?? [])))];
  const picks = PICKS.find((one) => one.columns === columns);
  if (picks === undefined) {
    const whole = blocks.map(([block]) => block);
    return blockStatements(db, siteId, whole, wanted, range, EVERY_STAMP, whole.length, isChecked)[0]!;
  }
  const paths = blocks.map(([block, ids]) => [block, ...ids.map((id) => `$."${id}"`)]);
  const query = isChecked ? picks.checked : picks.sql;
  return db
    .prepare(query)
    .bind(siteId, JSON.stringify(wanted), JSON.stringify(paths), range.start, range.end, EVERY_STAMP);
}

/** @throws {Error} for rows that {@link pickStatement} does not give */
export function pickedRows(results: unknown, { columns, blocks }: Pick): SegmentRow[] {
  if (columns === null) return segmentRowsSchema.parse(results);
  const idsOf = new Map(blocks);
  const rows: unknown[] = Array.isArray(results) ? results : [null];
  return rows.map((row) => {
    // Checked by hand: an open day of 100 points has 10,000 rows.
    if (!isPickedRow(row)) throw new Error("segments: a row has no key, no asked or no samples");
    const { key, asked } = row;
    if (row["is_sound"] === 0) return { key, asked, body: null };
    const parts: string[] = [];
    for (const [i, id] of (idsOf.get(placeOfKey(key).block) ?? []).entries()) {
      const samples = row[`p${i}`];
      if (typeof samples === "string") parts.push(`"${id}":${samples}`);
    }
    return { key, asked, body: `{${parts.join()}}` };
  });
}

type PickedRow = Readonly<Record<string, unknown>> & { readonly key: number; readonly asked: number };

function isPickedRow(row: unknown): row is PickedRow {
  if (typeof row !== "object" || row === null || !("key" in row && "asked" in row && "p0" in row)) return false;
  return Number.isSafeInteger(row.key) && Number.isSafeInteger(row.asked);
}
