import { loadCatalog } from "../src/catalog/catalog.ts";
import { replaceCatalog } from "../src/catalog/replace-catalog.ts";
import { settleFromSegments } from "../src/day-build/settle-from-segments.ts";
import { rollUpHours, type RollUpRun } from "../src/day-build/roll-up-hours.ts";
import { mergeDay } from "../src/day-build/merge-day.ts";
import { pointOrder } from "../src/day-build/point-order.ts";
import { publishDay } from "../src/day-build/publish-day.ts";
import { rebuildRollups, type RebuiltRollups } from "../src/rebuild/rebuild-rollups.ts";
import { sortHour } from "../src/day-build/sort-hour.ts";
import { encodeSpill } from "../src/day-build/spill-format.ts";
import { type DayBuild, spillKey } from "../src/r2/staging.ts";
import { dayOf, dayStart } from "../src/domain/day.ts";
import { HOUR_MS } from "../src/domain/hour.ts";
import type { Interval } from "../src/domain/interval.ts";
import { importDay } from "../src/backfill/import-day.ts";
import { upsertSamples } from "./store.ts";
import { coldLevel } from "../src/read/cold-level.ts";
import { executeQuery, type QueryAnswer } from "../src/query/execute.ts";
import { type QueryPlan, planQuery, readWithPlan } from "../src/query/plan.ts";
import { readStored } from "../src/read/stored.ts";
import { described, newSite, pointSamples, type Sample } from "./points.ts";
import { packDays } from "./pack-days.ts";
import { keysOf } from "./stored-day.ts";

const HOURS = Array.from({ length: 24 }, (_, hour) => hour);

/** A test's query. Points are indexes in the world's list. */
export interface WorldQuestion {
  readonly points: readonly number[];
  readonly range: { readonly start: number; readonly end: number };
  readonly interval: Interval;
  readonly timeZone: string;
  /**
   * true: a second read fetches the aggregates after the plan, as for more points than fit one read; default: one read
   * with the plan
   */
  readonly readsAgain?: boolean;
}

/** A site whose samples arrive, change and move between the levels, and the expected samples in memory. */
export class RollupWorld {
  readonly db: D1Database;
  readonly bucket: R2Bucket;
  readonly site: { readonly id: number; readonly name: string };
  readonly ids: readonly number[];
  readonly names: readonly string[];
  /** the samples by point and time; the later value wins */
  readonly samples = new Map<string, Sample>();
  /** the setting HOT_DAYS; every day of the world is hot */
  hotDays = 0;
  #hot = new Set<string>();
  #cold = new Set<string>();
  #builds = 0;

  private constructor(
    db: D1Database,
    bucket: R2Bucket,
    site: { id: number; name: string },
    points: readonly { id: number; name: string }[],
  ) {
    this.db = db;
    this.bucket = bucket;
    this.site = site;
    this.ids = points.map(({ id }) => id);
    this.names = points.map(({ name }) => name);
  }

  static async create(db: D1Database, bucket: R2Bucket, names: readonly string[]): Promise<RollupWorld> {
    await db.exec(
      "DELETE FROM segments; DELETE FROM block_latest; DELETE FROM hot_hours; DELETE FROM day_files; DELETE FROM kept_files; DELETE FROM kept_groups; DELETE FROM block_days; DELETE FROM point_months; DELETE FROM month_files; DELETE FROM quality_days; DELETE FROM late_samples; DELETE FROM points",
    );
    const keys = await keysOf(bucket, "");
    if (keys.length > 0) await bucket.delete(keys);
    const site = { id: await newSite(db, "ses_rollups"), name: "ses_rollups" };
    const points = names.map((name) => described(name));
    await replaceCatalog(db, site.id, new Map(), points, 1);
    const catalog = await loadCatalog(db, site.id);
    return new RollupWorld(
      db,
      bucket,
      site,
      names.map((name) => ({ id: catalog.get(name)!.id, name })),
    );
  }

  /** @param rows the first number of a row is the point's index */
  async sync(rows: readonly Sample[]): Promise<void> {
    await upsertSamples(this.db, pointSamples(rows.map(([point, time, value]) => [this.ids[point]!, time, value])));
    for (const [point, time, value] of rows) {
      this.samples.set(`${point} ${time}`, [point, time, value]);
      this.#hot.add(`${point} ${time}`);
    }
  }

  rollUp(now: number, db = this.db): Promise<RollUpRun> {
    return rollUpHours(db, this.site.id, 0, () => now);
  }

  async settle(day: number, bucket = this.bucket): Promise<string> {
    const { outcome } = await settleFromSegments({ ...this.#context(), bucket }, this.#build(day));
    if (outcome === "settled") {
      for (const key of this.#ofDay(this.#hot, day)) {
        this.#hot.delete(key);
        this.#cold.add(key);
      }
    }
    return outcome;
  }

  /** Publishes a day that the upstream served. A hot sample of the same time keeps priority. */
  async backfill(day: number, rows: readonly Sample[]): Promise<void> {
    const of = this.#build(day);
    const order = pointOrder(await loadCatalog(this.db, this.site.id));
    const arrived = [pointSamples(rows.map(([point, time, value]) => [this.ids[point]!, time, value]))];
    for (const hour of HOURS) {
      const start = dayStart(day) + hour * HOUR_MS;
      const sorted = sortHour(arrived, order, { start, end: start + HOUR_MS });
      await this.bucket.put(spillKey(of, hour), encodeSpill(start, sorted, { records: 0, rejected: {} }));
    }
    const staged = await mergeDay(this.#context(), of, { source: "api", hours: HOURS });
    const published = await publishDay(this.#context(), of, staged);
    if (published?.state !== "written") throw new Error(`not published: ${JSON.stringify(published)}`);
    for (const [point, time, value] of rows) {
      const key = `${point} ${time}`;
      if (!this.#hot.has(key)) this.samples.set(key, [point, time, value]);
      this.#cold.add(key);
    }
  }

  async importToD1(day: number): Promise<void> {
    await importDay(this.db, this.bucket, this.site, day);
    for (const key of this.#ofDay(this.#cold, day)) this.#hot.add(key);
  }

  rebuild(first: number, last: number, now: number): Promise<RebuiltRollups> {
    const context = { db: this.db, bucket: this.bucket, lookbackMs: 0, now: () => now };
    return rebuildRollups(context, this.site.id, { first, last });
  }

  /** Packs the months of some days. @returns days that are packed for all points */
  pack(first: number, last: number): Promise<number[]> {
    return packDays(this.db, this.site.id, this.ids, { first, last });
  }

  async ask(
    question: WorldQuestion,
    db = this.db,
    bucket = this.bucket,
  ): Promise<{ plan: QueryPlan; answer: QueryAnswer }> {
    const { range, interval, timeZone, readsAgain = false } = question;
    const points = question.points.map((point) => {
      const cadenceMs = 20 * 60_000;
      const expectation = { cadenceMs, toleranceMs: 3 * cadenceMs, isPromised: true };
      return {
        id: this.ids[point]!,
        name: this.names[point]!,
        cadenceMs,
        expectation,
        firstSeen: null,
        unit: null,
        past: [],
      };
    });
    const asked = { points, range, interval, maxPoints: 2000, timeZone, watermark: range.end };
    const ids = points.map(({ id }) => id);
    const wanted = readsAgain ? "locators" : readWithPlan(asked, true);
    const stored = await readStored(db, this.site.id, ids, range, wanted);
    const plan = planQuery({ ...asked, stored });
    return { plan, answer: await executeQuery(coldLevel(db, bucket, this.site.id), plan, 0) };
  }

  /** A point's samples in a range, ascending. */
  expected(point: number, { start, end }: { readonly start: number; readonly end: number }): Sample[] {
    return [...this.samples.values()]
      .filter(([of, time]) => of === point && time >= start && time < end)
      .sort(([, a], [, b]) => a - b);
  }

  #context() {
    return { db: this.db, bucket: this.bucket, hotDays: this.hotDays, now: () => 1 };
  }

  #build(day: number): DayBuild {
    return { build: `build_${this.#builds++}`, site: this.site, day };
  }

  #ofDay(keys: ReadonlySet<string>, day: number): string[] {
    return [...keys].filter((key) => dayOf(Number(key.split(" ")[1])) === day);
  }
}
