import { env } from "cloudflare:workers";
import type { BackfillSite } from "../src/backfill/backfill-site.ts";
import { createDayBuilder } from "../src/backfill/day-builder.ts";
import { MemoryEngine, ProcessDied } from "./memory-engine.ts";
import type { Steps } from "../src/backfill/steps.ts";
import type { InstanceState } from "../src/backfill/supervise.ts";
import { runSettle } from "../src/settle/run-settle.ts";
import { type SettleInstances, superviseSettling } from "../src/settle/supervise-settling.ts";
import { type AppointedDay, readAppointed, readSettleDays, type SettleDay } from "../src/store/settle-days.ts";
import { CrashPoint } from "./crash-point.ts";
import { queriedDay } from "./queried-day.ts";
import type { SampleLines } from "./stored-samples.ts";
import type { SyncWorld } from "./sync-world.ts";

export const OFFSETS = [1, 3, 7];
export const HOT_DAYS = 20;

/** The settling of one site. The test decides when its instances run. */
export class SettleWorld implements SettleInstances {
  readonly sync: SyncWorld;
  readonly site: BackfillSite;
  readonly offsets: readonly number[];
  /** by name */
  readonly states = new Map<string, InstanceState>();
  /** dependencies of instances; replaceable */
  bucket: R2Bucket = env.TIMESERIES;

  private constructor(sync: SyncWorld, site: BackfillSite, offsets: readonly number[]) {
    this.sync = sync;
    this.site = site;
    this.offsets = offsets;
  }

  static async of(sync: SyncWorld, offsets: readonly number[] = OFFSETS): Promise<SettleWorld> {
    return new SettleWorld(sync, { id: (await sync.state()).siteId, name: sync.site }, offsets);
  }

  readonly find = async ({ instance }: AppointedDay): Promise<InstanceState> =>
    this.states.get(instance) ?? { is: "absent" };

  readonly start = async ({ instance }: AppointedDay): Promise<void> => {
    if (!this.states.has(instance)) this.states.set(instance, { is: "alive" });
  };

  /** The cron's work for the site. */
  supervise(by: SettleInstances = this, db = this.sync.db): Promise<number | null> {
    const { site, offsets } = this;
    const { now } = this.sync.clock;
    return superviseSettling({ db, site, offsets, now, instances: by, database: "DB" });
  }

  appointed(): Promise<AppointedDay | null> {
    return readAppointed(this.sync.db, this.site.id);
  }

  /**
   * Runs the appointed instance in a process that dies as `crash` says.
   * @param atStep called before each step
   * @returns whether it ended
   */
  async run(
    by = new MemoryEngine(),
    crash = new CrashPoint(Number.POSITIVE_INFINITY, "before"),
    atStep: (name: string) => void | Promise<void> = () => undefined,
    appointed?: AppointedDay,
  ): Promise<boolean> {
    const { sync, site, offsets } = this;
    const given = appointed ?? (await this.appointed());
    if (given === null) throw new Error("no day is appointed");
    const { now } = sync.clock;
    const db = crash.database(sync.db);
    const bucket = crash.bucket(this.bucket);
    const newClient = () => sync.client(crash.upstream((request) => sync.upstream(request)));
    const builder = createDayBuilder({
      db,
      bucket,
      newClient,
      pageSize: 100_000,
      replaceSuspect: false,
      hotDays: HOT_DAYS,
      now,
    });
    const dying = (steps: Steps): Steps => ({
      do: (name, options, step) =>
        steps.do(name, options, async (attempt) => {
          await atStep(name);
          const result = await step(attempt).catch((error: unknown) => {
            throw crash.happened && crash.lethal ? new ProcessDied() : error;
          });
          if (crash.happened && crash.lethal) throw new ProcessDied();
          return result;
        }),
    });
    const beginNext = () => Promise.resolve();
    const context = {
      db,
      bucket,
      site,
      builder,
      appointed: given,
      offsets,
      hotDays: HOT_DAYS,
      isPaused: false,
      newClient,
      now,
      beginNext,
    };
    const ended = await by.run((steps) => runSettle(dying(steps), context));
    if (ended) this.states.set(given.instance, { is: "ended", reason: null });
    return ended;
  }

  /** Builds all due days. @returns the days, in order */
  async settle(): Promise<number[]> {
    const days: number[] = [];
    for (let day = await this.supervise(); day !== null; day = await this.supervise()) {
      days.push(day);
      await this.run();
    }
    return days;
  }

  query(day: number): Promise<SampleLines> {
    return queriedDay(this.sync.db, env.TIMESERIES, { site: this.site, day });
  }

  async row(day: number): Promise<SettleDay | null> {
    return (await readSettleDays(this.sync.db, this.site.id, day, day + 1))[0] ?? null;
  }
}
