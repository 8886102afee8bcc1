import { blockOf } from "../domain/block.ts";
import type { TimeRange } from "../domain/time-range.ts";
import { placeOfKey } from "./segment-key.ts";
import { FROM_SEGMENTS, STAMP_RANGES } from "./segment-stamps.ts";
import { blockStatements, EVERY_STAMP, segmentRowsSchema } from "./whole-blocks.ts";

/** Points of one batch: 6 MB of text for an open day at a sample a minute. */
const MAX_POINTS_PER_BATCH = 160;

/** A segment with the samples of some points only. `body` is for segment-body.ts; null: SQLite cannot read it. */
export interface SegmentRow {
  readonly key: number;
  readonly asked: number;
  readonly body: string | null;
}

/** The samples to read from segments. */
export interface SegmentsWanted {
  readonly siteId: number;
  /** starts of UTC hours, by point id, epoch ms */
  readonly hours: ReadonlyMap<number, readonly number[]>;
  /** half-open, epoch ms */
  readonly range: TimeRange;
}

/** A block and its wanted points. */
type BlockPoints = readonly [block: number, ids: readonly number[]];

/** The blocks of one statement. `columns`: the most points of a block that it selects; null: it reads blocks whole. */
export interface Pick {
  readonly columns: number | null;
  readonly blocks: BlockPoints[];
}

/**
 * A column per point takes half the time of an object of points, and D1 bills the segment as one row. A block with more
 * wanted points is read whole, because D1 allows 100 columns a row. ?3: [block, a JSON path for each column].
 */
const PICKS = [1, 4, 16, 90].map((columns) => {
  const PICKED = Array.from({ length: columns }, (_, i) => `s.body -> (b.value ->> ${i + 1}) AS p${i}`).join();
  const CHECKED = PICKED.replaceAll("s.body", "CASE WHEN json_valid(s.body, 8) THEN s.body END");
  const sql = `${STAMP_RANGES} SELECT s.key, s.asked, ${PICKED} ${FROM_SEGMENTS}`;
  const checked = `${STAMP_RANGES} SELECT s.key, s.asked, json_valid(s.body, 8) AS is_sound, ${CHECKED} ${FROM_SEGMENTS}`;
  return { columns, sql, checked };
});

/** Distributes points over batches of statements. No block is in two statements. */
export function pickBatches(pointIds: readonly number[]): Pick[][] {
  const all: Pick[][] = [];
  let free = 0;
  for (const block of Map.groupBy(pointIds, blockOf)) {
    const [, { length }] = block;
    if (length > free) {
      all.push([]);
      free = MAX_POINTS_PER_BATCH;
    }
    free -= length;
    const columns = PICKS.find((pick) => pick.columns >= length)?.columns ?? null;
    const pick = all.at(-1)!.find((known) => known.columns === columns);
    if (pick === undefined) all.at(-1)!.push({ columns, blocks: [block] });
    else pick.blocks.push(block);
  }
  return all;
}

/** The statement of a pick; {@link pickedRows} parses its rows. @param isChecked see `readChecked` */
export function pickStatement(
  db: D1Database,
  { siteId, hours, range }: SegmentsWanted,
  { columns, blocks }: Pick,
  isChecked: boolean,
): D1PreparedStatement {
  const wanted = [...new Set(blocks.flatMap(([, ids]) => ids.flatMap((id) => hours.get(id) ?? [])))];
  const picks = PICKS.find((pick) => pick.columns === columns);
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

/** @throws {Error} for rows that {@link pickStatement} cannot return */
export function pickedRows(results: unknown, { columns, blocks }: Pick): SegmentRow[] {
  if (columns === null) return segmentRowsSchema.parse(results);
  const idsOf = new Map(blocks);
  const rows: unknown[] = Array.isArray(results) ? results : [null];
  return rows.map((row) => {
    // Checked by hand: an open day of 100 points has 10,000 rows.
    if (!isPickedRow(row)) throw new Error("segments: a row lacks key, asked or samples");
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
