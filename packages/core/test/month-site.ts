import { env } from "cloudflare:workers";
import type { BackfillSite } from "../src/backfill/backfill-site.ts";
import { MemoryEngine, ProcessDied } from "./memory-engine.ts";
import type { Steps } from "../src/backfill/steps.ts";
import type { InstanceState } from "../src/backfill/supervise.ts";
import { settleFromSegments } from "../src/day-build/settle-from-segments.ts";
import { type MonthRow, readMonthFiles } from "../src/manifest/month-files.ts";
import { type AppointedMonth, readAppointedMonth } from "../src/manifest/write-month-files.ts";
import { dayStart } from "../src/domain/day.ts";
import { monthDays } from "../src/domain/month.ts";
import { QUIET_BEFORE_BUILD_MS } from "../src/months/due-months.ts";
import { runMonth } from "../src/months/run-month.ts";
import { type MonthInstances, superviseMonths } from "../src/months/supervise-months.ts";
import type { QueryAnswer } from "../src/query/execute.ts";
import { CrashPoint } from "./crash-point.ts";
import { newPoints, newSite, pointSamples, type Sample } from "./points.ts";
import { queriedDays } from "./queried-day.ts";
import { upsertSamples } from "./store.ts";
import type { SampleLines } from "./stored-samples.ts";

/** A sample of a day: its point's index, ms of the day, its value. */
export type DaySample = readonly [point: number, offset: number, value: number];

/** A site whose days are in files. The test decides when the builds of its months run. */
export class MonthSite implements MonthInstances {
  readonly db: D1Database;
  readonly site: BackfillSite;
  readonly month: number;
  /** ascending by name */
  readonly points: readonly { readonly id: number; readonly name: string }[];
  readonly states = new Map<string, InstanceState>();
  keepsFiles = true;
  /** time of all builds' clock, epoch ms */
  time: number;
  #builds = 0;

  private constructor(db: D1Database, site: BackfillSite, month: number, points: MonthSite["points"]) {
    this.db = db;
    this.site = site;
    this.month = month;
    this.points = points;
    this.time = dayStart(monthDays(month).end + 10);
  }

  static async of(db: D1Database, name: string, month: number, names: readonly string[]): Promise<MonthSite> {
    const id = await newSite(db, name);
    const ids = await newPoints(db, id, names);
    const points = names.map((point, i) => ({ id: ids[i]!, name: point }));
    return new MonthSite(db, { id, name }, month, points);
  }

  readonly now = (): number => this.time;

  readonly find = async ({ instance }: AppointedMonth): Promise<InstanceState> =>
    this.states.get(instance) ?? { is: "absent" };

  readonly start = async ({ instance }: AppointedMonth): Promise<void> => {
    if (!this.states.has(instance)) this.states.set(instance, { is: "alive" });
  };

  /** The day of the month, from 1. */
  day(number: number): number {
    return monthDays(this.month).first + number - 1;
  }

  /** Stores samples of a day of the month, from 1. */
  async store(number: number, samples: readonly DaySample[]): Promise<void> {
    const start = dayStart(this.day(number));
    const rows = samples.map(([point, offset, value]): Sample => [this.points[point]!.id, start + offset, value]);
    await upsertSamples(this.db, pointSamples(rows), [], undefined, this.now);
  }

  /** Builds the file of a day of the month (from 1) from its stored samples. */
  async settle(number: number): Promise<void> {
    const { db, site, now } = this;
    const build = { build: `day-${number}-${this.#builds++}`, site, day: this.day(number) };
    const { outcome, reason } = await settleFromSegments({ db, bucket: env.TIMESERIES, hotDays: 0, now }, build);
    if (outcome !== "settled") throw new Error(`day ${number}: ${outcome}, ${reason}`);
  }

  /**
   * Builds the files of some days (from 1) with the given samples, and moves the clock until the month may be built.
   */
  async settleAll(days: readonly number[], samplesOf: (day: number) => readonly DaySample[]): Promise<void> {
    for (const day of days) {
      await this.store(day, samplesOf(day));
      await this.settle(day);
    }
    this.rest();
  }

  /** Moves the clock until the month may be built. */
  rest(): void {
    this.time += QUIET_BEFORE_BUILD_MS;
  }

  supervise(db = this.db): Promise<number | null> {
    const { site, keepsFiles, now } = this;
    return superviseMonths({ db, site, instances: this, database: "DB", keepsFiles, now });
  }

  /** Runs the appointed instance in a process that dies as `crash` says. @returns whether it ended */
  async run(
    by = new MemoryEngine(),
    crash = new CrashPoint(Number.POSITIVE_INFINITY, "before"),
    given?: AppointedMonth,
    db = this.db,
  ): Promise<boolean> {
    const appointed = given ?? (await readAppointedMonth(this.db, this.site.id));
    if (appointed === null) throw new Error("no month is appointed");
    const dying = (steps: Steps): Steps => ({
      do: (name, options, step) =>
        steps.do(name, options, async (attempt) => {
          const result = await step(attempt).catch((error: unknown) => {
            throw crash.happened && crash.lethal ? new ProcessDied() : error;
          });
          if (crash.happened && crash.lethal) throw new ProcessDied();
          return result;
        }),
    });
    const context = {
      db: crash.database(db),
      bucket: crash.bucket(env.TIMESERIES),
      site: this.site,
      appointed,
      keepsFiles: this.keepsFiles,
      now: this.now,
      beginNext: () => Promise.resolve(),
    };
    const ended = await by.run((steps) => runMonth(dying(steps), context));
    if (ended) this.states.set(appointed.instance, { is: "ended", reason: null });
    return ended;
  }

  /** Builds all due months. @returns the months, in order */
  async build(): Promise<number[]> {
    const months: number[] = [];
    for (let month = await this.supervise(); month !== null; month = await this.supervise()) {
      months.push(month);
      await this.run();
      if (months.length > 10) throw new Error(`month ${month} is due for ever: ${(await this.row())?.reason}`);
    }
    return months;
  }

  async row(): Promise<MonthRow | null> {
    return (await readMonthFiles(this.db, this.site.id, this.month, this.month + 1))[0] ?? null;
  }

  /** A raw query over the whole month. */
  query(db = this.db): Promise<{ readonly answer: QueryAnswer; readonly lines: SampleLines }> {
    const { first, end } = monthDays(this.month);
    return queriedDays(db, env.TIMESERIES, { site: this.site, first, last: end - 1 });
  }
}
