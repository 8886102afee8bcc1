import { AceError } from "../ace/ace-error.ts";
import type { AceClient } from "../ace/client.ts";
import type { PageSize } from "../ace/page-size.ts";
import type { AcePage } from "../ace/timeseries.ts";
import { addDiscoveredPoints, type Catalog, type CatalogPoint, loadCatalog } from "../catalog/catalog.ts";
import { markSeenStatement, type SeenRange, seenRanges } from "../catalog/seen.ts";
import { addRejections } from "../domain/rejection.ts";
import { joinSamples, NO_SAMPLES, type PointSamples } from "../domain/samples.ts";
import type { TimeRange } from "../domain/time-range.ts";
import { upsertSamples } from "../hot/upsert.ts";
import { selectConfigured, unknownNames } from "../transform/select-configured.ts";
import { logError } from "../telemetry/log.ts";
import { refreshCatalog } from "./refresh-catalog.ts";
import { inStage, StageError } from "./stage-error.ts";
import { emptySiteResult, type SiteSyncResult } from "./sync-result.ts";
import { abandonWindow, endWindow, moveCursor, type OpenWindow, type SyncState } from "./sync-state.ts";
import { readWeather, type WeatherRead } from "./weather.ts";
import { nextWindow, type WindowSettings } from "./window.ts";

export interface SyncSettings extends WindowSettings {
  readonly pageSize: PageSize;
}

/** What a sync works with; time is injected. */
export interface SyncContext {
  readonly db: D1Database;
  /** of this run alone, for it counts its requests */
  readonly ace: AceClient;
  readonly settings: SyncSettings;
  /** epoch ms */
  readonly now: () => number;
  /** no request and no window is begun after this, epoch ms */
  readonly deadline: number;
}

/** The longest that the weather, its retries included, may keep the samples waiting, in milliseconds. */
const WEATHER_BUDGET_MS = 5_000;

/**
 * Whether a window's saved cursor may be what the API stumbled over: the next run would then fail in the same way.
 * To a cursor that it does not understand the API may well answer 500; that is blamed on one of an earlier run only.
 */
function blamesCursor(error: AceError, isResumed: boolean): boolean {
  if (error.kind === "cursor_repeated" || error.kind === "not_a_page" || error.status === 400) return true;
  return isResumed && error.status === 500;
}

/**
 * Pulls what is new of one site into the hot level: window by window up to now, as far as the deadline allows. Never
 * throws: what went wrong is in the result, and the watermark then stays where all before it is stored.
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
      // a fault of ours; the other sites must not pay for it
      logError("sync_failed", error, { site });
      run.result.errors.push({
        stage: "internal",
        code: "internal",
        message: "the sync failed; the log has the reason",
      });
    }
  }
  run.result.apiCalls = context.ace.calls - callsBefore;
  return run.result;
}

/** One sync of one site, while it runs. */
class SiteSync {
  readonly result: SiteSyncResult;
  readonly #context: SyncContext;
  readonly #state: SyncState;
  readonly #seenPoints = new Set<number>();
  #catalog: Catalog = new Map();
  #pointsById = new Map<number, CatalogPoint>();
  #catalogIsFresh = false;
  /** weather that waits for the next page: stored with its batch, it costs no statement of its own */
  #weather: WeatherRead | null = null;

  constructor(context: SyncContext, site: string, state: SyncState) {
    this.#context = context;
    this.#state = state;
    this.result = emptySiteResult(site);
    this.#noteWatermark(state.watermark);
  }

  async pull(): Promise<void> {
    const { now, deadline, settings } = this.#context;
    await inStage("catalog", () => this.#prepareCatalog());
    await this.#pullWeather();
    let open: OpenWindow | null = this.#state.open;
    let watermark = this.#state.watermark;
    for (;;) {
      const startedAt = now();
      const range = open?.range ?? nextWindow(watermark, startedAt, settings);
      if (range === null) break;
      const proven = await this.#pullWindow(range, open);
      if (!proven) return;
      watermark = Math.max(watermark ?? range.end, range.end);
      this.#noteWatermark(watermark);
      open = null;
      if (watermark >= startedAt) break;
      if (now() >= deadline) {
        this.result.incompleteBecause = "budget";
        return;
      }
    }
    this.result.complete = true;
  }

  #noteWatermark(watermark: number | null): void {
    this.result.watermark = watermark === null ? null : new Date(watermark).toISOString();
  }

  async #prepareCatalog(): Promise<void> {
    if (this.#state.catalogAt === null) await this.#refreshCatalog();
    else this.#useCatalog(await loadCatalog(this.#context.db, this.#state.siteId));
  }

  #useCatalog(catalog: Catalog): void {
    this.#catalog = catalog;
    this.#pointsById = new Map([...catalog.values()].map((point) => [point.id, point]));
  }

  async #refreshCatalog(): Promise<void> {
    const { db, ace, now, deadline } = this.#context;
    this.#useCatalog(await refreshCatalog(db, ace, this.result.site, this.#state.siteId, now(), deadline));
    this.#catalogIsFresh = true;
  }

  /** Weather is worth having, but no reason to be late with the samples. */
  async #pullWeather(): Promise<void> {
    const { db, ace, now } = this.#context;
    const deadline = Math.min(this.#context.deadline, now() + WEATHER_BUDGET_MS);
    try {
      const weather = await readWeather(db, ace, this.result.site, this.#state.siteId, this.#catalog, deadline);
      if (weather.catalog !== this.#catalog) this.#useCatalog(weather.catalog);
      this.#weather = weather;
    } catch (error) {
      this.result.errors.push(new StageError("weather", error).toSyncError());
    }
  }

  /** Whether the API proved that the window ended, and all of it is stored. */
  async #pullWindow(range: TimeRange, open: OpenWindow | null): Promise<boolean> {
    const { ace, settings, deadline } = this.#context;
    const asked = this.result.window;
    const start = asked?.start ?? new Date(range.start).toISOString();
    this.result.window = { start, end: new Date(range.end).toISOString() };
    const options = { cursor: open?.cursor ?? null, pageSize: settings.pageSize, deadline };
    const pages = ace.timeseriesPages(this.result.site, range, options);
    for (let isResumed = open !== null; ; isResumed = false) {
      const next = await this.#nextPage(pages, isResumed);
      if (next === null) return false;
      await this.#storePage(next, range);
      if (next.next === null) return true;
      if (this.#context.now() >= deadline) {
        this.result.incompleteBecause = "budget";
        return false;
      }
    }
  }

  /** null: the page limit is reached; the saved cursor lets the next run go on. */
  async #nextPage(pages: AsyncGenerator<AcePage, void, void>, isResumed: boolean): Promise<AcePage | null> {
    const { db, now } = this.#context;
    try {
      const page = await pages.next();
      if (page.done === true) throw new Error("the client ended a window without a proof");
      return page.value;
    } catch (error) {
      if (!(error instanceof AceError)) throw error;
      if (error.kind === "page_limit" || error.kind === "deadline") {
        this.result.incompleteBecause = error.kind === "deadline" ? "budget" : "page_limit";
        return null;
      }
      if (blamesCursor(error, isResumed)) {
        await inStage("state", () => abandonWindow(db, this.#state.siteId, now()));
      }
      throw new StageError("timeseries", error);
    }
  }

  async #storePage(page: AcePage, range: TimeRange): Promise<void> {
    const { db, now } = this.#context;
    const { result } = this;
    const { siteId } = this.#state;
    result.recordsFetched += page.records;
    addRejections(result.recordsRejected, page.rejected);
    const unknown = unknownNames(page.samples, this.#catalog);
    if (unknown.length > 0) {
      try {
        await inStage("catalog", () => this.#meet(unknown));
      } catch (error) {
        result.recordsFailed += page.samples.length;
        throw error;
      }
    }
    const selection = selectConfigured(page.samples, this.#catalog);
    addRejections(result.recordsRejected, selection.rejected);
    const samples = joinSamples(this.#takeWeather(), selection.samples);
    const seen = seenRanges(samples, this.#pointsById);
    const progress =
      page.next === null
        ? endWindow(db, siteId, range, now())
        : moveCursor(db, siteId, { range, cursor: page.next }, now());
    try {
      const alongside = seen.length > 0 ? [markSeenStatement(db, seen), progress] : [progress];
      const counts = await upsertSamples(db, samples, alongside);
      result.recordsInserted += counts.inserted + counts.changed;
      result.recordsChanged += counts.changed;
      result.recordsUnchanged += counts.unchanged;
    } catch (error) {
      result.recordsFailed += samples.length;
      throw new StageError("store", error);
    }
    this.#noteSeen(samples, seen);
  }

  #takeWeather(): PointSamples {
    const weather = this.#weather;
    if (weather === null) return NO_SAMPLES;
    this.#weather = null;
    this.result.recordsFetched += weather.records;
    addRejections(this.result.recordsRejected, weather.rejected);
    return weather.samples;
  }

  /** Names that the catalogue does not know: points configured since its last refresh, or never configured. */
  async #meet(names: readonly string[]): Promise<void> {
    if (!this.#catalogIsFresh) await this.#refreshCatalog();
    const discovered = names.filter((name) => !this.#catalog.has(name));
    if (discovered.length === 0) return;
    const { db } = this.#context;
    await addDiscoveredPoints(db, this.#state.siteId, discovered);
    this.#useCatalog(await loadCatalog(db, this.#state.siteId));
  }

  #noteSeen(samples: PointSamples, moved: readonly SeenRange[]): void {
    for (let i = 0; i < samples.length; i++) this.#seenPoints.add(samples.pointIds[i]!);
    this.result.pointsProcessed = this.#seenPoints.size;
    for (const { pointId, first, last } of moved) {
      const point = this.#pointsById.get(pointId);
      if (point === undefined) continue;
      const firstSeen = Math.min(point.firstSeen ?? first, first);
      const lastSeen = Math.max(point.lastSeen ?? last, last);
      this.#pointsById.set(pointId, { ...point, firstSeen, lastSeen });
    }
  }
}
