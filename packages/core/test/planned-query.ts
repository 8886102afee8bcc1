import type { Locator } from "../src/parquet/locator.ts";
import { parseAsked } from "../src/manifest/asked-hours.ts";
import type { ManifestDay } from "../src/manifest/manifest.ts";
import type { PlanInput } from "../src/query/plan-input.ts";
import type { PointDay, Stored } from "../src/read/stored.ts";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const START = Date.UTC(2025, 9, 12);
export const FIRST = START / DAY;

export const nameOf = (id: number) => `p${String(id).padStart(4, "0")}`;
export const points = (count: number, cadenceMs: number | null = MINUTE) =>
  Array.from({ length: count }, (_, i) => ({ id: i + 1, name: nameOf(i + 1), unit: null, cadenceMs }));

export const NOTHING: Stored = {
  hours: [],
  withoutRollups: [],
  days: [],
  months: [],
  pointDays: [],
  isCut: false,
  rollups: null,
  hotSamples: null,
};

/** Hours of [start, end), whole days, none of them rolled up. */
export function hotDays(start: number, end: number): Stored {
  const hours = Array.from({ length: (end - start) / HOUR }, (_, i) => start + i * HOUR);
  return { ...NOTHING, hours, withoutRollups: hours };
}

export function writtenDay(day: number, rest: Partial<ManifestDay> = {}): ManifestDay {
  const file = { key: `k${day}`, etag: `e${day}`, sha256: "", bytes: 1, rows: 1, points: 1 };
  const about = {
    source: "api",
    build: "b",
    generation: 1,
    pending: new Map(),
    reason: null,
    settledStamp: 0,
    updatedAt: 0,
    deletedAt: null,
    keptId: null,
  } as const;
  return { siteId: 1, day, state: "written", file, ...about, asked: parseAsked(null), ...rest };
}

/** The bytes and rows of a point's row group, and the distance between the starts of such groups. */
interface GroupSize {
  readonly bytes?: number;
  readonly rows?: number;
  readonly apart?: number;
}

/** A point with one sample a minute and its own row group. */
export function pointDay(id: number, day: number, size: GroupSize = {}): PointDay & { readonly locator: Locator } {
  const { bytes = 12_000, rows = 11_520, apart = 112_000 } = size;
  const group = { offset: 4 + id * apart, timeBytes: 1, nameBytes: 1, valueBytes: bytes - 2, rows, crc32: 0 };
  return { pointId: id, day, locator: { group, firstRow: 0, rows: 1440 }, month: null };
}

/** The given number of days in files, each with all points. */
export function settled(days: number, ids: readonly number[], locate: typeof pointDay = pointDay): Stored {
  const all = Array.from({ length: days }, (_, i) => FIRST + i);
  return {
    ...NOTHING,
    days: all.map((day) => writtenDay(day)),
    pointDays: all.flatMap((day) => ids.map((id) => locate(id, day))),
  };
}

/** A zone with a half-hour offset, so that everything is computed from samples. */
export const KATHMANDU = "Asia/Kathmandu";

/** A query of `length` ms in UTC, over no stored samples unless `stored` is given. */
export function query(length: number, rest: Partial<PlanInput> = {}): PlanInput {
  const range = { start: START, end: START + length };
  const plain = { interval: "auto", maxPoints: 2000, timeZone: "UTC", stored: NOTHING, watermark: null } as const;
  return { points: points(1), range, ...plain, ...rest };
}
