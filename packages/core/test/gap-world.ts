import type { FaultPlanInput } from "@building-vitals/ace-simulator/faults/fault-plan";
import { createBuilding } from "@building-vitals/ace-simulator/building";
import type { ScrapeSource } from "@building-vitals/ace-simulator/scrape-source";
import { settleFromSegments } from "../src/day-build/settle-from-segments.ts";
import { rollUpHours } from "../src/day-build/roll-up-hours.ts";
import { type SiteRepairContext, repairSiteGaps, type RepairedSite } from "../src/gaps/repair-site-gaps.ts";
import { type Gap, WHOLE_SITE } from "../src/gaps/gap.ts";
import { listGaps } from "../src/gaps/gap-store.ts";
import { loadCatalog } from "../src/catalog/catalog.ts";
import { MINUTE_MS, SyncWorld } from "./sync-world.ts";

export const LOOKBACK_MS = 10 * MINUTE_MS;

/** A building with a sample each minute, behind an upstream with faults, and the hourly jobs of `etl`. */
export class GapWorld {
  readonly sync: SyncWorld;
  readonly bucket: R2Bucket;
  readonly points: number;
  #builds = 0;

  constructor(options: {
    db: D1Database;
    bucket: R2Bucket;
    site: string;
    now: number;
    hours: number;
    points?: number;
    faults?: FaultPlanInput;
    /** whether a point, by its number, has no sample at a time, epoch ms */
    isSilent?: (point: number, time: number) => boolean;
  }) {
    const { db, bucket, site, now, hours, points = 5, faults, isSilent = () => false } = options;
    this.bucket = bucket;
    this.points = points;
    const building = createBuilding({
      seed: 7,
      site: "ses_gaps",
      timezone: "UTC",
      points,
      unconfiguredPoints: 1,
      collectInterval: 60,
      weather: false,
    });
    const speaks = (point: number, scrape: number) => !isSilent(point, building.timeOf(scrape) / 1000);
    const source: ScrapeSource = {
      ...building,
      site: { ...building.site, name: site },
      pointsAt: (scrape) => Array.from(building.pointsAt(scrape)).filter((point) => speaks(point, scrape)),
      hasSample: (point, scrape) => building.hasSample(point, scrape) && speaks(point, scrape),
    };
    const initialLookbackMs = hours * 60 * MINUTE_MS;
    this.sync = new SyncWorld({ db, source, now, initialLookbackMs, ...(faults === undefined ? {} : { faults }) });
  }

  context(overrides: Partial<SiteRepairContext> = {}): SiteRepairContext {
    const { db, clock, settings } = this.sync;
    return {
      db,
      bucket: this.bucket,
      ace: this.sync.client(),
      pageSize: settings.pageSize,
      maxRequests: 40,
      ask: "due",
      confirmMs: 24 * 60 * MINUTE_MS,
      lookbackMs: LOOKBACK_MS,
      now: clock.now,
      deadline: clock.now() + 240_000,
      ...overrides,
    };
  }

  /** The hourly cron: rolls up hours, then repairs gaps. */
  async hourly(overrides: Partial<SiteRepairContext> = {}): Promise<RepairedSite> {
    const context = this.context(overrides);
    const { siteId, watermark } = await this.sync.state();
    await rollUpHours(context.db, siteId, LOOKBACK_MS, context.now);
    return repairSiteGaps(context, { id: siteId, name: this.sync.site }, watermark);
  }

  async settle(day: number): Promise<string> {
    const { siteId } = await this.sync.state();
    const { db, clock } = this.sync;
    const target = {
      build: `settle_${this.sync.site}_${this.#builds++}`,
      site: { id: siteId, name: this.sync.site },
      day,
    };
    return (await settleFromSegments({ db, bucket: this.bucket, hotDays: 0, now: clock.now }, target)).outcome;
  }

  async gaps(): Promise<Gap[]> {
    const { siteId } = await this.sync.state();
    const all = { start: Number.NEGATIVE_INFINITY, end: Number.POSITIVE_INFINITY };
    return listGaps(this.sync.db, { siteIds: [siteId], ...all }, 1_000);
  }

  /** Each gap as `[site or point's name, minutes from `origin` to its start, and to its end, state]`, oldest first. */
  async shownGaps(origin: number): Promise<(string | number)[][]> {
    const { siteId } = await this.sync.state();
    const names = new Map([...(await loadCatalog(this.sync.db, siteId)).values()].map(({ id, name }) => [id, name]));
    const minutes = (time: number) => Math.round((time - origin) / MINUTE_MS);
    return (await this.gaps())
      .toReversed()
      .map(({ pointId, start, end, state }) => [
        pointId === WHOLE_SITE ? "site" : (names.get(pointId) ?? "?"),
        minutes(start),
        minutes(end),
        state,
      ]);
  }
}
