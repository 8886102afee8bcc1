import { AceError } from "../ace/ace-error.ts";
import type { AceClient } from "../ace/client.ts";
import type { PageSize } from "../ace/page-size.ts";
import type { AcePage } from "../ace/timeseries.ts";
import { SiteCatalog } from "../catalog/site-catalog.ts";
import type { SourcePage } from "../domain/dead-letter.ts";
import { addRejections } from "../domain/rejection.ts";
import { joinSamples, NO_SAMPLES, type PointSamples } from "../domain/samples.ts";
import type { TimeRange } from "../domain/time-range.ts";
import { upsertWithReadings } from "../hot/upsert.ts";
import { sampleUnconfigured } from "../transform/sample-unconfigured.ts";
import { selectConfigured } from "../transform/select-configured.ts";
import { logError } from "../telemetry/log.ts";
import { LearnedPageSize } from "./learned-page-size.ts";
import type { LetterBox } from "./letter-box.ts";
import { SeenPoints } from "./seen-points.ts";
import { inStage, StageError } from "./stage-error.ts";
import { emptySiteResult, type SiteSyncResult } from "./sync-result.ts";
import {
  abandonWindow,
  endWindow,
  moveCursor,
  type OpenWindow,
  rememberPageSize,
  type SyncState,
} from "./sync-state.ts";
import { TURN_MS } from "./turns.ts";
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
  /** takes some of what is not stored */
  readonly letters: LetterBox;
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
  await run.storeWeather();
  await run.rememberPageSize();
  run.result.apiCalls = context.ace.calls - callsBefore;
  return run.result;
}

/** One sync of one site, while it runs. */
class SiteSync {
  readonly result: SiteSyncResult;
  readonly #context: SyncContext;
  readonly #state: SyncState;
  readonly #catalog: SiteCatalog;
  readonly #seen: SeenPoints;
  readonly #seenPoints = new Set<number>();
  readonly #pageSize: LearnedPageSize;
  /** weather that waits for a page: stored with its batch, it costs no statement of its own */
  #weather: WeatherRead | null = null;

  constructor(context: SyncContext, site: string, state: SyncState) {
    this.#context = context;
    this.#state = state;
    this.#catalog = new SiteCatalog(context, { id: state.siteId, name: site });
    this.#seen = new SeenPoints(context.db);
    this.#pageSize = new LearnedPageSize(context.settings.pageSize, state.smallerPages, context.now);
    this.result = emptySiteResult(site);
    this.#noteWatermark(state.watermark);
  }

  async pull(): Promise<void> {
    const { now, deadline, settings } = this.#context;
    // Before the upstream's list was ever taken over, nothing is configured.
    const isNew = this.#state.catalogAt === null;
    await inStage("catalog", () => (isNew ? this.#catalog.refresh() : this.#catalog.load()));
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

  /** Without it, a site whose large pages always break off would spend every run on learning so again. */
  async rememberPageSize(): Promise<void> {
    const learned = this.#pageSize.learned;
    if (learned === null) return;
    try {
      await rememberPageSize(this.#context.db, this.#state.siteId, learned);
    } catch (error) {
      logError("page_size_not_remembered", error, { site: this.result.site });
    }
  }

  /** Weather that no page took with it: its feed has no history, so what is not stored now is lost. */
  async storeWeather(): Promise<void> {
    const readings = this.#takeWeather();
    if (readings.length === 0) return;
    try {
      await this.#store(NO_SAMPLES, readings, []);
    } catch (error) {
      this.result.recordsFailed += readings.length;
      this.result.errors.push(new StageError("weather", error).toSyncError());
    }
  }

  #noteWatermark(watermark: number | null): void {
    this.result.watermark = watermark === null ? null : new Date(watermark).toISOString();
  }

  /** Weather is worth having, but no reason to be late with the samples. */
  async #pullWeather(): Promise<void> {
    const { db, ace, now } = this.#context;
    const deadline = Math.min(this.#context.deadline, now() + WEATHER_BUDGET_MS);
    try {
      const { points } = this.#catalog;
      const weather = await readWeather(db, ace, this.result.site, this.#state.siteId, points, deadline);
      if (weather.catalog !== points) this.#catalog.use(weather.catalog);
      this.#weather = weather;
    } catch (error) {
      this.result.errors.push(new StageError("weather", error).toSyncError());
    }
  }

  /** Whether the API proved that the window ended, and all of it is stored. */
  async #pullWindow(range: TimeRange, open: OpenWindow | null): Promise<boolean> {
    const { ace, deadline } = this.#context;
    const start = this.result.window?.start ?? new Date(range.start).toISOString();
    this.result.window = { start, end: new Date(range.end).toISOString() };
    const options = {
      cursor: open?.cursor ?? null,
      pageSize: this.#pageSize.size,
      deadline,
      onSmallerPages: (size: PageSize) => this.#pageSize.learn(size),
    };
    const pages = ace.timeseriesPages(this.result.site, range, options);
    let cursor = options.cursor;
    for (let isResumed = open !== null; ; isResumed = false) {
      const next = await this.#nextPage(pages, isResumed);
      if (next === null) return false;
      await this.#storePage(next, { window: range, cursor });
      if (next.next === null) return true;
      cursor = next.next;
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

  async #storePage(page: AcePage, from: SourcePage): Promise<void> {
    const { db, now, letters } = this.#context;
    const { result } = this;
    const { siteId } = this.#state;
    result.recordsFetched += page.records;
    addRejections(result.recordsRejected, page.rejected);
    letters.reject(siteId, from, page.rejectedRecords);
    try {
      await this.#catalog.meet(page.samples.names);
    } catch (error) {
      throw this.#failed(new StageError("catalog", error), from, page.samples.length);
    }
    const selection = selectConfigured(page.samples, this.#catalog.points);
    addRejections(result.recordsRejected, selection.rejected);
    if (selection.rejected.unconfigured !== undefined) {
      const turn = Math.floor(now() / TURN_MS);
      const room = letters.left(siteId, "unconfigured");
      letters.reject(siteId, from, sampleUnconfigured(page.samples, this.#catalog.points, turn, room));
    }
    const readings = this.#takeWeather();
    const progress =
      page.next === null
        ? endWindow(db, siteId, from.window, now())
        : moveCursor(db, siteId, { range: from.window, cursor: page.next }, now());
    try {
      await this.#store(selection.samples, readings, [progress]);
    } catch (error) {
      throw this.#failed(new StageError("store", error), from, selection.samples.length + readings.length);
    }
  }

  /**
   * @param readings the weather feed's, which never replace a stored sample: the history has the last word
   * @param alongside what must be true exactly when the samples are stored
   */
  async #store(
    samples: PointSamples,
    readings: PointSamples,
    alongside: readonly D1PreparedStatement[],
  ): Promise<void> {
    const { db, now } = this.#context;
    const { result } = this;
    const both = joinSamples(samples, readings);
    const seen = this.#seen.seen(this.#catalog.points, both);
    const statements = seen === null ? alongside : [seen.statement, ...alongside];
    const counts = await upsertWithReadings(db, samples, readings, statements, now);
    result.recordsInserted += counts.inserted + counts.changed;
    result.recordsChanged += counts.changed;
    result.recordsUnchanged += counts.unchanged;
    if (seen !== null) this.#seen.noteSeen(seen.ranges);
    this.#notePoints(both.pointIds);
  }

  #notePoints(ids: Iterable<number>): void {
    for (const id of ids) this.#seenPoints.add(id);
    this.result.pointsProcessed = this.#seenPoints.size;
  }

  /** Takes note of samples that could not be stored. @returns the error */
  #failed(error: StageError, from: SourcePage, samples: number): StageError {
    this.result.recordsFailed += samples;
    this.#context.letters.fail(this.#state.siteId, from, error.stage, error.message, samples);
    return error;
  }

  #takeWeather(): PointSamples {
    const weather = this.#weather;
    if (weather === null) return NO_SAMPLES;
    this.#weather = null;
    this.result.recordsFetched += weather.records;
    this.result.recordsUnchanged += weather.archived.length;
    this.#notePoints(weather.archived);
    addRejections(this.result.recordsRejected, weather.rejected);
    this.#context.letters.reject(this.#state.siteId, null, weather.rejectedRecords);
    return weather.samples;
  }
}
