import { env } from "cloudflare:workers";
import { loadCatalog } from "../src/catalog/catalog.ts";
import { replaceCatalog } from "../src/catalog/replace-catalog.ts";
import { type SettledDay, settleFromSegments } from "../src/day-build/settle-from-segments.ts";
import { dayFileKey } from "../src/r2/day-file-key.ts";
import { type RebuildContext, rebuildDay, type RebuiltDay } from "../src/rebuild/rebuild-day.ts";
import { dayStart } from "../src/domain/day.ts";
import { HOUR_MS } from "../src/domain/hour.ts";
import { upsertSamples } from "./store.ts";
import { migratedDatabase } from "./database.ts";
import { described, newSite, pointSamples } from "./points.ts";
import { queriedDay } from "./queried-day.ts";
import { dayRows, keysOf } from "./stored-day.ts";
import type { SampleLines } from "./stored-samples.ts";

type Sample = readonly [point: number, offset: number, value: number];

const NAMES = ["z/last", "a/first", "m/é", "m/z"];
const FIRST: readonly Sample[] = [
  [0, 0, 1.5],
  [0, 60_000, -0],
  [1, 5 * HOUR_MS, 25.517500000000002],
  [1, 24 * HOUR_MS - 1, 5e-324],
];
/** Late samples: a new point, a changed value. */
export const LATE: readonly Sample[] = [
  [2, 5 * HOUR_MS + 7, 3],
  [0, 60_000, 7],
];

/** Deletes D1's knowledge of day files. */
export const LOSE_COLD = "DELETE FROM day_files; DELETE FROM block_days;";

/** A site with a few points and one day, which tests settle and rebuild. */
export class RebuildWorld {
  readonly db: D1Database;
  readonly bucket: R2Bucket = env.TIMESERIES;
  readonly site: { readonly id: number; readonly name: string };
  readonly day: number = 20_373;
  readonly key: string;
  #count = 0;

  private constructor(db: D1Database, site: { id: number; name: string }) {
    this.db = db;
    this.site = site;
    this.key = dayFileKey(site.name, this.day);
  }

  static async open(name: string): Promise<RebuildWorld> {
    const db = await migratedDatabase();
    return new RebuildWorld(db, { name, id: await newSite(db, name) });
  }

  /** Deletes everything except the catalogue. */
  async reset(): Promise<void> {
    await this.db.exec(
      `DELETE FROM segments; DELETE FROM block_latest; DELETE FROM hot_hours; ${LOSE_COLD} DELETE FROM points`,
    );
    const keys = await keysOf(this.bucket, "");
    if (keys.length > 0) await this.bucket.delete(keys);
    const points = NAMES.map((name) => described(name));
    await replaceCatalog(this.db, this.site.id, new Map(), points, 1);
  }

  context(given: Partial<RebuildContext> = {}): RebuildContext {
    const { bucket } = this;
    const newBuild = () => `rebuild-${this.#count++}`;
    // Distinguishes writes by their time.
    const now = () => dayStart(this.day + 30) + this.#count++;
    return { bucket, now, newBuild, dryRun: false, ...given };
  }

  rebuild({ db = this.db, ...given }: Partial<RebuildContext> & { db?: D1Database } = {}): Promise<RebuiltDay> {
    return rebuildDay(this.context(given), { ...this.site, db }, this.day);
  }

  archive(day = this.day): Promise<SettledDay> {
    const { db, bucket } = this;
    const { now } = this.context();
    return settleFromSegments(
      { db, bucket, hotDays: 0, now },
      { build: `archive-${this.#count++}`, site: this.site, day },
    );
  }

  async store(samples: readonly Sample[], day = this.day): Promise<void> {
    const catalog = await loadCatalog(this.db, this.site.id);
    const rows = samples.map(([point, offset, value]) => {
      return [catalog.get(NAMES[point]!)!.id, dayStart(day) + offset, value] as const;
    });
    await upsertSamples(this.db, pointSamples(rows));
  }

  async settled(samples: readonly Sample[] = FIRST, day = this.day): Promise<void> {
    await this.store(samples, day);
    const { outcome, reason } = await this.archive(day);
    if (outcome !== "settled") throw new Error(`${outcome}: ${reason}`);
  }

  /** D1's rows of the day, without builds and clock times. */
  rows(): Promise<unknown> {
    return dayRows(this.db, this);
  }

  /** All rows of the cold tables. */
  async stored(): Promise<unknown> {
    const tables = ["SELECT * FROM day_files", "SELECT * FROM block_days ORDER BY key"].map((sql) =>
      this.db.prepare(sql),
    );
    return (await this.db.batch(tables)).map(({ results }) => results);
  }

  queried(): Promise<SampleLines> {
    return queriedDay(this.db, this.bucket, this);
  }

  async object(): Promise<{ bytes: Uint8Array<ArrayBuffer>; metadata: Record<string, string> }> {
    const object = await this.bucket.get(this.key);
    if (object === null) throw new Error(`${this.key} is not there`);
    return { bytes: new Uint8Array(await object.arrayBuffer()), metadata: object.customMetadata ?? {} };
  }
}
