import { blockDayKey, POINTS_PER_ROW, rowKeySql } from "../rollups/block-day-key.ts";
import { hexOf } from "../bytes/hex.ts";
import { decodeSlice, encodeSlice } from "../rollups/hour-slice.ts";
import type { Locator } from "../parquet/locator.ts";
import { pointMonthKey } from "../rollups/month-key.ts";
import { packedRowsStatement, PackedMonths, parsePackedRows } from "../rollups/packed-months.ts";
import { encodePointMonth, type FiledSlice, type PackedBytes, type PointMonth } from "../rollups/point-month.ts";
import { parseRows, pointsOfRow, type StoredRow } from "../rollups/read-rows.ts";
import { type StoredSlice, unlessDamaged } from "../rollups/stored-slice.ts";
import { deleteMonths, emptyHours, writeMonths } from "../rollups/write-months.ts";
import { batchOnBasis, generationsOf, type MonthBasis } from "../manifest/month-basis.ts";
import { withD1Retry } from "../d1/retry.ts";
import { monthDays } from "../domain/month.ts";

/** Blocks of one transaction: each changes 16 rows of `point_months`, and 31 of `block_days` twice. */
const BLOCKS_AT_ONCE = 12;

/** The points and the month that are packed. */
export interface MonthToPack {
  readonly siteId: number;
  /** the days, and what they must still be; those without a file are left as they are */
  readonly basis: MonthBasis;
  /** where the points' samples are in the month file, and its generation; null: there is none; locators of null: where they were */
  readonly file: { readonly generation: number; readonly locators: ReadonlyMap<number, Locator> | null } | null;
}

/** What packing some points came to. */
export interface PackedPoints {
  /** days of the month, from 0, that are not packed for all of the points, because stored aggregates of theirs are damaged */
  readonly unpacked: readonly number[];
}

/** ?1: JSON array of the first points of blocks, ?2 and ?3: days. */
const READ_ROWS = `
SELECT d.key, CASE WHEN json_valid(d.places, 8) THEN json(d.places) END AS places, hex(d.hours) AS hours, NULL AS packed
FROM json_each(?1) p CROSS JOIN block_days d ON d.key >= ${rowKeySql("p.value", "?2")} AND d.key < ${rowKeySql("p.value", "?3")}`;

/**
 * Packs the aggregates of some points of a month, and of all points that share rows of `block_days` with them. Safe to repeat, to stop
 * anywhere, and to run beside anything: 192 points are written in one batch, only where the month's days are as they were read. A slice
 * that is damaged is lost for its point, and its day stays as it is for the 16 points of its row.
 * @returns null: a day is not of the generation that is meant, or changed meanwhile
 * @throws the error of D1, after retries
 */
export async function packPoints(
  db: D1Database,
  of: MonthToPack,
  pointIds: readonly number[],
): Promise<PackedPoints | null> {
  const unpacked = new Set<number>();
  const firstIds = new Set(pointIds.map((id) => id - (id % POINTS_PER_ROW)));
  const blocks = [...firstIds]
    .sort((a, b) => a - b)
    .map((firstId) => Array.from({ length: POINTS_PER_ROW }, (_, i) => firstId + i));
  for (let first = 0; first < blocks.length; first += BLOCKS_AT_ONCE) {
    const damaged = await packBlocks(db, of, blocks.slice(first, first + BLOCKS_AT_ONCE));
    if (damaged === null) return null;
    for (const day of damaged) unpacked.add(day);
  }
  return { unpacked: [...unpacked].sort((a, b) => a - b) };
}

/** @param blocks the points of rows of `block_days` @returns days that stay unpacked for some point; null: a day changed meanwhile */
async function packBlocks(
  db: D1Database,
  of: MonthToPack,
  blocks: readonly (readonly number[])[],
): Promise<ReadonlySet<number> | null> {
  const { siteId, basis } = of;
  const { month } = basis;
  const { first, end } = monthDays(month);
  const firstIds = JSON.stringify(blocks.map(([id]) => id));
  const keys = blocks.flat().map((id) => pointMonthKey(id, month));
  const [blockRows, monthRows] = await withD1Retry(() =>
    db.batch([db.prepare(READ_ROWS).bind(firstIds, first, end), packedRowsStatement(db, keys)]),
  );
  const generations = new Map(basis.days.map(({ day, generation }) => [day, generation]));
  const wantedDays = generationsOf(month, basis.days);
  const stored = new StoredBlocks(parseRows(blockRows?.results), parsePackedRows(monthRows?.results));
  const written = new Map<number, PackedBytes>();
  const deleted: number[] = [];
  const emptied: number[] = [];
  const unpacked = new Set<number>();
  for (const ids of blocks) {
    const days = wantedDays.map((wanted, i) => {
      const day = first + i;
      const known = stored.days(ids, day, generations.get(day) ?? 0, wanted !== null);
      if (known.isDamaged && wanted !== null) unpacked.add(i);
      if (known.emptied !== null) emptied.push(known.emptied);
      return known;
    });
    for (const [place, id] of ids.entries()) {
      const ofPoint = days.map(({ points }) => points[place]!);
      const file = of.file === null ? null : placeIn(of.file, id, stored.file(id, month));
      const key = pointMonthKey(id, month);
      // A point without samples needs no row. One whose slices are damaged keeps it, so that they are not taken for none.
      const isDamaged = ofPoint.some((day, i) => day === null && wantedDays[i] !== null) && stored.has(id, month);
      if (file !== null || isDamaged || ofPoint.some((day) => day !== null && day.slice !== null)) {
        written.set(key, encodePointMonth({ days: ofPoint, file }));
      } else deleted.push(key);
    }
  }
  const batch = await batchOnBasis(db, siteId, basis, [
    ...writeMonths(db, written),
    deleteMonths(db, deleted),
    ...emptyHours(db, emptied),
  ]);
  return batch === null ? null : unpacked;
}

/** @param known where the point was when the month was packed last */
function placeIn(
  { generation, locators }: NonNullable<MonthToPack["file"]>,
  pointId: number,
  known: PointMonth["file"],
): PointMonth["file"] {
  if (locators === null) return known?.generation === generation ? known : null;
  const locator = locators.get(pointId);
  return locator === undefined ? null : { generation, locator };
}

type PackedDay = PointMonth["days"][number];

/** What is stored of a block and day. */
interface KnownDay {
  /** of each point */
  readonly points: readonly PackedDay[];
  /** key of the row whose hours are packed now; null: none */
  readonly emptied: number | null;
  readonly isDamaged: boolean;
}

/** What `block_days` and `point_months` have of some blocks and a month. */
class StoredBlocks {
  readonly #rows: ReadonlyMap<number, StoredRow>;
  readonly #packed: PackedMonths;

  constructor(rows: readonly StoredRow[], months: ConstructorParameters<typeof PackedMonths>[0]) {
    this.#rows = new Map(rows.map((row) => [row.key, row]));
    this.#packed = new PackedMonths(months);
  }

  has(pointId: number, month: number): boolean {
    return this.#packed.has(pointId, month);
  }

  file(pointId: number, month: number): PointMonth["file"] {
    return this.#packed.place(pointId, month);
  }

  /** @param generation of the day's file @param isWanted whether hours in `block_days` are to be packed */
  days(ids: readonly number[], day: number, generation: number, isWanted: boolean): KnownDay {
    const row = this.#rows.get(blockDayKey(ids[0]!, day));
    const none = ids.map(() => null);
    if (row === undefined) {
      const points = ids.map(() => (isWanted ? { generation, slice: null } : null));
      return { points, emptied: null, isDamaged: false };
    }
    const ofRow = pointsOfRow(row);
    if (row.hours === "") {
      const placed = ofRow === null ? null : new Set(ofRow.map(({ pointId }) => pointId));
      const points = ids.map((id): PackedDay => {
        if (placed?.has(id) === false) return isWanted ? { generation, slice: null } : null;
        const slice = this.#packed.find(id, day, generation);
        if (slice === null) return placed === null ? { generation, slice } : null;
        const filed = filedSlice(slice);
        return filed && { generation, slice: filed };
      });
      const isDamaged = ids.some((id, i) => placed?.has(id) !== false && points[i] === null);
      return { points, emptied: null, isDamaged };
    }
    if (!isWanted) return { points: none, emptied: null, isDamaged: false };
    const slices = new Map(ofRow?.map(({ pointId, slice }) => [pointId, unlessDamaged(() => filedBytes(slice))]));
    if (ofRow === null || [...slices.values()].includes(null)) return { points: none, emptied: null, isDamaged: true };
    const points = ids.map((id) => ({ generation, slice: slices.get(id) ?? null }));
    return { points, emptied: row.key, isDamaged: false };
  }
}

/** null: it is damaged */
function filedSlice(stored: StoredSlice): FiledSlice | null {
  const { locator } = stored;
  const hours = unlessDamaged(() => stored.hours);
  return locator === null || hours === null ? null : { hours, locator };
}

/** @returns null: the slice is of no file, or is not what encoding it again gives, so that packing it would change it */
function filedBytes(bytes: Uint8Array): FiledSlice | null {
  const { hours, locator } = decodeSlice(bytes);
  if (locator === null || hexOf(encodeSlice({ hours, locator })) !== hexOf(bytes)) return null;
  return { hours, locator };
}
