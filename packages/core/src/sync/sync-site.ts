import { AceError } from "../ace/ace-error.ts";
import { AdaptivePageSize } from "../ace/adaptive-page-size.ts";
import { type PagePosition, type RefusedCursor, windowPages } from "../ace/window-pages.ts";
import { SiteCatalog } from "../catalog/site-catalog.ts";
import type { SyncFront } from "../domain/lateness.ts";
import { withD1Retry } from "../d1/retry.ts";
import type { TimeRange } from "../domain/time-range.ts";
import { log, logError } from "../telemetry/log.ts";
import { PageStore } from "./page-store.ts";
import { passOver } from "./pass-over.ts";
import { ServedTimes } from "./served-times.ts";
import { inStage, StageError } from "./stage-error.ts";
import type { SyncContext } from "./sync-context.ts";
import { emptySiteResult, type SiteSyncResult } from "./sync-result.ts";
import { type OpenWindow, rememberPageSize, saveProgress, type SyncState } from "./sync-state.ts";
import { readWeather } from "./weather.ts";
import { nextWindow } from "./window.ts";

/** No attempt for the weather starts after this, in ms. */
const WEATHER_BUDGET_MS = 5_000;

/**
 * Pulls new samples of one site into the hot level, window by window up to now, within the deadline. Never throws: the
 * result holds the errors, and the watermark stays where everything before it is stored.
 */
export async function syncSite(context: SyncContext, site: string, state: SyncState): Promise<SiteSyncResult> {
  const run = new SiteSync(context, site, state);
  const callsBefore = context.ace.calls;
  try {
    await run.pull();
  } catch (error) {
    run.result.incompleteBecause = "error";
    if (error instanceof StageError) run.result.errors.push(error.toSyncError());
    else {
      // an error in this code must not stop the other sites
      logError("sync_failed", error, { site });
      const message = "the sync failed; the log has the reason";
      run.result.errors.push({ stage: "internal", code: "internal", message });
    }
  }
  await run.finish();
  run.result.apiCalls = context.ace.calls - callsBefore;
  return run.result;
}

/** One sync of one site: its windows and their pages. */
class SiteSync {
  readonly result: SiteSyncResult;
  readonly #context: SyncContext;
  readonly #state: SyncState;
  readonly #catalog: SiteCatalog;
  readonly #pageSize: AdaptivePageSize;
  readonly #pages: PageStore;

  constructor(context: SyncContext, site: string, state: SyncState) {
    this.#context = context;
    this.#state = state;
    this.#catalog = new SiteCatalog(context, { id: state.siteId, name: site, listedAt: state.catalogAt });
    this.#pageSize = new AdaptivePageSize(context.settings.pageSize, state.smallerPages, context.now);
    this.result = emptySiteResult(site);
    this.#pages = new PageStore(context, state.siteId, this.#catalog, this.result);
    this.#showWatermark(state.watermark);
  }

  async pull(): Promise<void> {
    const { now, settings } = this.#context;
    // Until the upstream's list is applied for the first time, no point is configured.
    const list = () => (this.#state.catalogAt === null ? this.#catalog.refresh() : this.#catalog.load());
    await inStage("catalog", list);
    await this.#pullWeather();
    let open: OpenWindow | null = this.#state.open;
    let front: SyncFront = this.#state;
    for (;;) {
      const startedAt = now();
      if (open === null) {
        front = await inStage("state", () => passOver(this.#context, this.#state.siteId, front, startedAt));
        this.#showWatermark(front.watermark);
      }
      const range = open?.range ?? nextWindow(front, startedAt, settings);
      if (range === null) break;
      const ended = await this.#pullWindow(range, open?.at, front.servedTo);
      if (ended === null) return;
      const watermark = Math.max(front.watermark ?? range.end, range.end);
      front = { watermark, servedTo: ended.servedTo };
      this.#showWatermark(watermark);
      open = null;
      if (watermark >= startedAt) break;
      if (this.#isSpent()) return;
    }
    this.result.complete = true;
  }

  /** Stores the rest of the run, after success and after failure. Never throws. */
  async finish(): Promise<void> {
    await this.#pages.storeWeather();
    await this.#rememberPageSize();
  }

  /** Without this, a site whose large pages always break off would learn its size anew in every run. */
  async #rememberPageSize(): Promise<void> {
    const { db, now } = this.#context;
    const { siteId, smallerPages: known } = this.#state;
    const { learned } = this.#pageSize;
    if (JSON.stringify(learned) === JSON.stringify(known)) return;
    try {
      await rememberPageSize(db, siteId, learned, now());
    } catch (error) {
      logError("page_size_not_remembered", error, { site: this.result.site });
    }
  }

  #showWatermark(watermark: number | null): void {
    this.result.watermark = watermark === null ? null : new Date(watermark).toISOString();
  }

  /** Reads the weather. Its failure must not delay the samples. */
  async #pullWeather(): Promise<void> {
    const { db, ace, now } = this.#context;
    const deadline = Math.min(this.#context.deadline, now() + WEATHER_BUDGET_MS);
    try {
      const { points } = this.#catalog;
      const weather = await readWeather(db, ace, this.result.site, this.#state.siteId, points, deadline);
      if (weather.catalog !== points) this.#catalog.use(weather.catalog);
      this.#pages.addWeather(weather);
    } catch (error) {
      this.result.errors.push(new StageError("weather", error).toSyncError());
    }
  }

  #isSpent(): boolean {
    const { now, deadline, hasStatements } = this.#context;
    if (now() < deadline && hasStatements()) return false;
    this.result.incompleteBecause = "budget";
    return true;
  }

  /**
   * @param before time up to which earlier windows were served, epoch ms
   * @returns null: the API did not prove that the window ended, or some of it is not stored
   */
  async #pullWindow(range: TimeRange, at: PagePosition | undefined, before: number | null) {
    const { ace, deadline } = this.#context;
    const { result } = this;
    const start = result.window?.start ?? new Date(range.start).toISOString();
    result.window = { start, end: new Date(range.end).toISOString() };
    let refused: RefusedCursor | null = null;
    // the first window has nothing before its lookback
    const served = new ServedTimes(before ?? range.start + this.#context.settings.lookbackMs);
    const onRefused = (error: AceError, next: PagePosition) => {
      refused = { error, next };
      log("cursor_refused", { site: result.site, error: error.message });
    };
    try {
      const options = { at, pageSize: this.#pageSize, deadline, onRefused };
      for await (const { page, at: from, next } of windowPages(ace, result.site, range, options)) {
        refused = null;
        // a new name is added to the catalogue later, and may be of a collected point
        served.add(page.samples, page.records, (name) => this.#catalog.points.get(name)?.configured !== false);
        const progress = next === null ? served.ended(range) : { range, at: next };
        await this.#pages.storePage(page, { window: range, cursor: from.cursor }, progress);
        if ("servedTo" in progress) return progress;
        if (this.#isSpent()) return null;
      }
    } catch (error) {
      if (!(error instanceof AceError)) throw error;
      await this.#endEarly(error, range, refused);
      return null;
    }
    throw new Error("the client ended a window without a proof");
  }

  /** The page limit and the budget are no errors: the next run continues. */
  async #endEarly(error: AceError, range: TimeRange, refused: RefusedCursor | null): Promise<void> {
    const { db, now } = this.#context;
    if (error.kind === "deadline" && refused !== null) {
      // No time was left to ask without the refused cursor. The next run must not start with it again.
      const { next: at } = refused;
      await inStage("state", () => withD1Retry(() => saveProgress(db, this.#state.siteId, { range, at }, now()).run()));
      throw new StageError("timeseries", refused.error);
    }
    if (error.kind !== "page_limit" && error.kind !== "deadline") throw new StageError("timeseries", error);
    this.result.incompleteBecause = error.kind === "deadline" ? "budget" : "page_limit";
  }
}
