import { dayFileKey } from "@building-vitals/core/r2/day-file-key";
import { judgeDay } from "@building-vitals/core/quality/judge-day";
import { FORMULA_VERSION, type PointDayQuality } from "@building-vitals/core/quality/point-day-quality";
import { Scratch } from "@building-vitals/core/quality/scratch";
import { z } from "zod";
import type { SimulatedBucket } from "./bucket.ts";
import type { SimulatedDatabase } from "./database.ts";
import { CADENCE_MS, DAY, type Plant } from "./plant.ts";
import type { Samples, Storage } from "./storage.ts";
import type { World } from "./world.ts";

/** The storage of a deployment whose quality is checked. */
interface JudgedStorage {
  readonly database: SimulatedDatabase;
  readonly bucket: SimulatedBucket;
  readonly storage: Storage;
}

const daysSchema = z.array(
  z.object({
    day: z.int(),
    source: z.string().nullable(),
    etag: z.string().nullable(),
    watched_from: z.int().nullable(),
    current: z.int(),
  }),
);
const number = z.number().nullable();
const rowsSchema = z.array(
  z.object({
    name: z.string(),
    day: z.int(),
    score: number,
    expected: number,
    actual: number,
    missing: number,
    out_of_range: number,
    outliers: number,
    spikes: number,
    flat_s: number,
    late: number,
    came_late: z.int(),
  }),
);

/** The judged days of a site, and whether nothing has changed since: migration 0007. */
const DAYS = `
SELECT q.day, f.source, f.etag, y.watched_from, q.formula = ?2 AND q.etag IS f.etag
  AND q.hot_hours = (SELECT count(*) FROM hot_hours h WHERE h.site_id = q.site_id AND h.hour / 86400000 = q.day)
  AND q.hot_versions =
    (SELECT coalesce(sum(h.version), 0) FROM hot_hours h WHERE h.site_id = q.site_id AND h.hour / 86400000 = q.day)
  AS current
FROM quality_days q JOIN sites s ON s.id = q.site_id
LEFT JOIN sync_state y ON y.site_id = q.site_id
LEFT JOIN day_files f ON f.site_id = q.site_id AND f.day = q.day
WHERE s.name = ?1`;

const ROWS = `
SELECT p.name, d.key & 65535 AS day, e.value ->> 0 AS score, e.value ->> 1 AS expected, e.value ->> 2 AS actual,
  e.value ->> 3 AS missing, e.value ->> 4 AS out_of_range, e.value ->> 5 AS outliers, e.value ->> 6 AS spikes,
  e.value ->> 7 AS flat_s, e.value ->> 8 AS late, coalesce(l.samples ->> ('$."' || p.id || '"'), 0) AS came_late
FROM block_days d CROSS JOIN json_each(d.quality) e
JOIN points p ON p.id = CAST(e.key AS INTEGER) JOIN sites s ON s.id = p.site_id
LEFT JOIN late_samples l ON l.block_day = ((p.id >> 7) << 16) + (d.key & 65535)
WHERE s.name = ?1 AND p.source = 'catalog'`;

const scratch = new Scratch();

/**
 * Checks that the quality of a point's day equals that of its samples, if `quality_days` calls it current.
 * @param judgedDays days that must be current now
 */
export function checkQuality(
  world: World,
  { database, bucket }: JudgedStorage,
  plant: Plant,
  site: string,
  stored: Samples,
  judgedDays: readonly number[],
): void {
  const days = new Map(
    daysSchema.parse(database.rows(DAYS, site, FORMULA_VERSION)).map((row) => [row.day, row] as const),
  );
  const stale = judgedDays.find((day) => days.get(day)?.current !== 1);
  if (stale !== undefined) world.violate(`${site} ${stale}: the day has ended without a current quality`);
  const rows = new Map(
    rowsSchema.parse(database.rows(ROWS, site)).map((row) => [`${row.name} ${row.day}`, row] as const),
  );
  for (const { day, source, etag, watched_from: from, current } of days.values()) {
    // Another build has put its file, and its row follows.
    const isPending = (bucket.objects.get(dayFileKey(site, day))?.etag ?? null) !== etag;
    if (current === 0 || isPending) continue;
    const isWatched = source !== "api" && from !== null && from <= day * DAY;
    for (const { name, unit } of plant.points.filter((point) => point.site === site)) {
      const { came_late: cameLate = 0, ...row } = rows.get(`${name} ${day}`) ?? {};
      const given = "actual" in row && row.actual !== null ? textOf(row) : "nothing";
      const series = seriesOf(stored, name, day);
      const late = isWatched ? Math.min(cameLate, series.times.length) : null;
      const point = {
        kind: unit === null ? "set" : "reading",
        unit: unit === null ? null : "°C",
        expectation: { cadenceMs: CADENCE_MS, toleranceMs: 3 * CADENCE_MS, isPromised: true },
      } as const;
      const expected =
        series.times.length === 0 ? "nothing" : textOf(columnsOf(judgeDay(series, point, late, scratch)));
      if (given !== expected) world.violate(`quality of ${name} ${day}: found ${given}, its samples give ${expected}`);
    }
  }
}

/** The same for all days that are judged now. */
export async function checkJudged(world: World, deployment: JudgedStorage, plant: Plant): Promise<void> {
  for (const site of plant.sites) {
    const stored: Samples = new Map();
    for (const { day, current } of daysSchema.parse(deployment.database.rows(DAYS, site, FORMULA_VERSION))) {
      if (current === 0) continue;
      for (const [key, value] of await deployment.storage.day(site, day)) stored.set(key, value);
    }
    checkQuality(world, deployment, plant, site, stored, []);
  }
}

function seriesOf(stored: Samples, name: string, day: number) {
  const own = [...stored]
    .filter(([key]) => key.startsWith(`${name} `))
    .map(([key, value]) => ({ time: Number(key.slice(name.length + 1)), value: Number(value) }))
    .filter(({ time }) => Math.floor(time / DAY) === day)
    .sort((a, b) => a.time - b.time);
  return {
    times: Float64Array.from(own, ({ time }) => time),
    values: Float64Array.from(own, ({ value }) => value),
  };
}

type Columns = Omit<z.infer<typeof rowsSchema>[number], "name" | "day" | "came_late">;

function columnsOf({ outOfRange, flatS, ...quality }: PointDayQuality): Columns {
  return { ...quality, out_of_range: outOfRange, flat_s: flatS };
}

function textOf({
  score,
  expected,
  actual,
  missing,
  out_of_range: out,
  outliers,
  spikes,
  flat_s: flat,
  late,
}: Columns) {
  return JSON.stringify({ score, expected, actual, missing, out, outliers, spikes, flat, late });
}
