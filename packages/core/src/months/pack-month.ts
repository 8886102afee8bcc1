import { blockDayKey, pointsOfRows, blockDayKeySql } from "../rollups/block-day-key.ts";
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
  /** the days and their expected generations; days without a file stay unpacked */
  readonly basis: MonthBasis;
  /**
   * the month file's generation and the points' places in it; null: no file; locators null: the places stay as packed
   * before
   */
  readonly file: { readonly generation: number; readonly locators: ReadonlyMap<number, Locator> | null } | null;
}

/** The result of packing some points. */
export interface PackedPoints {
  /** days of the month, from 0, that stay unpacked for some points, because stored aggregates are damaged */
  readonly unpacked: readonly number[];
}

/** ?1: JSON array of the first points of blocks, ?2: first day, ?3: first day behind the month. */
const READ_ROWS = `
SELECT d.key, CASE WHEN json_valid(d.places, 8) THEN json(d.places) END AS places, hex(d.hours) AS hours, NULL AS packed
FROM json_each(?1) p CROSS JOIN block_days d ON d.key >= ${blockDayKeySql("p.value", "?2")} AND d.key < ${blockDayKeySql("p.value", "?3")}`;

/**
 * Packs a month's aggregates of some points, and of all points in the same rows of `block_days`. Safe to repeat, to
 * interrupt and to run concurrently: a batch writes 192 points, and only if the month's days are unchanged. A damaged
 * slice is lost for its point, and its day stays unpacked for the 16 points of its row.
 * @returns null: a day has another generation, or changed meanwhile
 * @throws the error of D1, after retries
 */
export async function packPointMonths(
  db: D1Database,
  target: MonthToPack,
  pointIds: readonly number[],
): Promise<PackedPoints | null> {
  const unpacked = new Set<number>();
  const blocks = pointsOfRows(pointIds);
  for (let first = 0; first < blocks.length; first += BLOCKS_AT_ONCE) {
    const damaged = await packBlocks(db, target, blocks.slice(first, first + BLOCKS_AT_ONCE));
    if (damaged === null) return null;
    for (const day of damaged) unpacked.add(day);
  }
  return { unpacked: [...unpacked].sort((a, b) => a - b) };
}

/** @param blocks the points of rows of `block_days` @returns days that stay unpacked for some point; null: a day changed meanwhile */
async function packBlocks(
  db: D1Database,
  target: MonthToPack,
  blocks: readonly (readonly number[])[],
): Promise<ReadonlySet<number> | null> {
  const { siteId, basis } = target;
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
      const file = target.file === null ? null : placeIn(target.file, id, stored.file(id, month));
      const key = pointMonthKey(id, month);
      // A point without samples needs no row. A point with damaged slices keeps its row, so that they do not read as
      // empty.
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

/** @param known the point's place when the month was packed last */
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

/** The stored aggregates of a block and day. */
interface KnownDay {
  /** of each point */
  readonly points: readonly PackedDay[];
  /** key of the row to clear, because its hours are packed now; null: none */
  readonly emptied: number | null;
  readonly isDamaged: boolean;
}

/** The rows of `block_days` and `point_months` of some blocks and a month. */
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

/** @returns null: the slice belongs to no file, or encoding it again would change it */
function filedBytes(bytes: Uint8Array): FiledSlice | null {
  const { hours, locator } = decodeSlice(bytes);
  if (locator === null || hexOf(encodeSlice({ hours, locator })) !== hexOf(bytes)) return null;
  return { hours, locator };
}
