import { z } from "zod";
import { meaningIn, PAST_MEANINGS, parseMeanings } from "../catalog/past-meanings.ts";
import { withD1Retry } from "../d1/retry.ts";
import { dayRange } from "../domain/day.ts";
import { expectationOf } from "../domain/expectation.ts";
import { pointTagsSchema } from "../domain/point.ts";
import type { Series } from "../domain/samples.ts";
import { judgeDay, type PointExpectations } from "../quality/judge-day.ts";
import type { PointDayQuality } from "../quality/point-day-quality.ts";
import { pointKind } from "../quality/point-kind.ts";
import { Scratch } from "../quality/scratch.ts";
import { lateStatement } from "../store/late-samples.ts";
import type { DayFileSource } from "../parquet/file-schema.ts";

const UNKNOWN_POINT: PointExpectations = { kind: "set", unit: null, expectation: null };

/** ?1: site. */
const READ_POINTS = `
SELECT name, label, unit, tags, interval_s, interval_source, source, ${PAST_MEANINGS} AS past FROM points p WHERE site_id = ?1`;
const READ_WATCH = "SELECT watermark, watched_from FROM sync_state WHERE site_id = ?1";

const pointsSchema = z.array(
  z.object({
    name: z.string(),
    label: z.string().nullable(),
    unit: z.string().nullable(),
    tags: z.string(),
    interval_s: z.int().nullable(),
    interval_source: z.enum(["configured", "measured"]).nullable(),
    source: z.string(),
    past: z.string(),
  }),
);
const watchSchema = z.array(z.object({ watermark: z.int().nullable(), watched_from: z.int().nullable() }));
const lateSchema = z.array(z.object({ name: z.string(), samples: z.int() }));

/** Judges the points of a site's day, one after the other, by what the catalogue says of them. */
export class DayJudge {
  readonly #points: ReadonlyMap<string, PointExpectations>;
  /** by name; null: nobody watched when the samples came */
  readonly #late: ReadonlyMap<string, number> | null;
  readonly #scratch = new Scratch();

  private constructor(points: ReadonlyMap<string, PointExpectations>, late: ReadonlyMap<string, number> | null) {
    this.#points = points;
    this.#late = late;
  }

  /**
   * @param source of the samples: `api` where the upstream proved that the day is whole; else the sync must have passed it
   * @returns null: the day has not ended, or not for the sync
   */
  static async open(
    db: D1Database,
    siteId: number,
    day: number,
    source: DayFileSource | null,
  ): Promise<DayJudge | null> {
    const [pointRows, watchRows, lateRows] = await withD1Retry(() =>
      db.batch([
        db.prepare(READ_POINTS).bind(siteId),
        db.prepare(READ_WATCH).bind(siteId),
        lateStatement(db, siteId, day),
      ]),
    );
    const { start, end } = dayRange(day);
    const [watch] = watchSchema.parse(watchRows?.results);
    if (source !== "api" && (watch?.watermark ?? 0) < end) return null;
    const isWatched = source !== "api" && watch?.watched_from != null && watch.watched_from <= start;
    const late = new Map(lateSchema.parse(lateRows?.results).map(({ name, samples }) => [name, samples]));
    // most points are judged by one of a few things
    const shared = new Map<string, PointExpectations>();
    const points = pointsSchema.parse(pointRows?.results).map(({ tags, source: from, past, ...row }) => {
      const cadence = { intervalS: row.interval_s, intervalSource: row.interval_source };
      const meant = meaningIn({ unit: row.unit, ...cadence, past: parseMeanings(past) }, { start, end });
      const { unit } = meant;
      const isWeather = from === "weather" && unit !== null;
      const kind = isWeather ? "sensor" : pointKind({ ...row, unit, tags: pointTagsSchema.parse(JSON.parse(tags)) });
      const point = { kind, unit, expectation: expectationOf(meant) };
      const key = JSON.stringify(point);
      const judged = shared.get(key) ?? point;
      shared.set(key, judged);
      return [row.name, judged] as const;
    });
    return new DayJudge(new Map(points), isWatched ? late : null);
  }

  /** @param series all samples of the point's day */
  judge(name: string, series: Series): PointDayQuality {
    const late = this.#late === null ? null : Math.min(this.#late.get(name) ?? 0, series.times.length);
    return judgeDay(series, this.#points.get(name) ?? UNKNOWN_POINT, late, this.#scratch);
  }
}
