import { AceError } from "../ace/ace-error.ts";
import { AdaptivePageSize } from "../ace/adaptive-page-size.ts";
import type { AceClient } from "../ace/client.ts";
import type { PageSize } from "../ace/page-size.ts";
import type { AcePage } from "../ace/timeseries.ts";
import { type PagePosition, type RefusedCursor, windowPages } from "../ace/window-pages.ts";
import { SiteCatalog } from "../catalog/site-catalog.ts";
import type { SourcePage } from "../domain/dead-letter.ts";
import type { SyncFront } from "../domain/lateness.ts";
import { addRejections, countRejection } from "../domain/rejection.ts";
import { joinSamples, NO_SAMPLES, type PointSamples } from "../domain/samples.ts";
import { withD1Retry } from "../d1/retry.ts";
import type { TimeRange } from "../domain/time-range.ts";
import { storeWithReadings } from "../store/store-samples.ts";
import { sampleUnconfigured } from "../transform/sample-unconfigured.ts";
import { selectConfigured } from "../transform/select-configured.ts";
import { log, logError } from "../telemetry/log.ts";
import type { DeadLetterBuffer } from "./dead-letter-buffer.ts";
import { passOver } from "./pass-over.ts";
import { SeenPoints } from "./seen-points.ts";
import { ServedTimes } from "./served-times.ts";
import { inStage, StageError } from "./stage-error.ts";
import { emptySiteResult, type SiteSyncResult } from "./sync-result.ts";
import { type EndedWindow, type OpenWindow, rememberPageSize, saveProgress, type SyncState } from "./sync-state.ts";
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
  /** false: the run has made as many statements as it may, and begins no page */
  readonly hasStatements: () => boolean;
  /** takes some of what is not stored */
  readonly letters: DeadLetterBuffer;
}

/** After this no further try for the weather is begun, in milliseconds. */
const WEATHER_BUDGET_MS = 5_000;

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
      const message = "the sync failed; the log has the reason";
      run.result.errors.push({ stage: "internal", code: "internal", message });
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
  readonly #pageSize: AdaptivePageSize;
  /** weather that waits for a page: stored with its batch, it costs no statement of its own */
  #weather: WeatherRead | null = null;

  constructor(context: SyncContext, site: string, state: SyncState) {
    this.#context = context;
    this.#state = state;
    this.#catalog = new SiteCatalog(context, { id: state.siteId, name: site, listedAt: state.catalogAt });
    this.#seen = new SeenPoints(context.db);
    this.#pageSize = new AdaptivePageSize(context.settings.pageSize, state.smallerPages, context.now);
    this.result = emptySiteResult(site);
    this.#noteWatermark(state.watermark);
  }

  async pull(): Promise<void> {
    const { now, settings } = this.#context;
    // Before the upstream's list was ever taken over, nothing is configured.
    const list = () => (this.#state.catalogAt === null ? this.#catalog.refresh() : this.#catalog.load());
    await inStage("catalog", list);
    await this.#pullWeather();
    let open: OpenWindow | null = this.#state.open;
    let front: SyncFront = this.#state;
    for (;;) {
      const startedAt = now();
      if (open === null) {
        front = await inStage("state", () => passOver(this.#context, this.#state.siteId, front, startedAt));
        this.#noteWatermark(front.watermark);
      }
      const range = open?.range ?? nextWindow(front, startedAt, settings);
      if (range === null) break;
      const ended = await this.#pullWindow(range, open?.at, front.servedTo);
      if (ended === null) return;
      const watermark = Math.max(front.watermark ?? range.end, range.end);
      front = { watermark, servedTo: ended.servedTo };
      this.#noteWatermark(watermark);
      open = null;
      if (watermark >= startedAt) break;
      if (this.#isSpent()) return;
    }
    this.result.complete = true;
  }

  /** Without it, a site whose large pages always break off would spend every run on learning so again. */
  async rememberPageSize(): Promise<void> {
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

  /** Weather that no page took with it: its feed has no history, so what is not stored now is lost. */
  async storeWeather(): Promise<void> {
    const readings = this.#takeWeather();
    if (readings.length === 0) return;
    try {
      await this.#store(NO_SAMPLES, readings, 0, []);
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

  #isSpent(): boolean {
    const { now, deadline, hasStatements } = this.#context;
    if (now() < deadline && hasStatements()) return false;
    this.result.incompleteBecause = "budget";
    return true;
  }

  /**
   * @param before how far earlier windows served, epoch ms
   * @returns null: the API did not prove that the window ended, or not all of it is stored
   */
  async #pullWindow(range: TimeRange, at: PagePosition | undefined, before: number | null) {
    const { ace, deadline } = this.#context;
    const { result } = this;
    const start = result.window?.start ?? new Date(range.start).toISOString();
    result.window = { start, end: new Date(range.end).toISOString() };
    let refused: RefusedCursor | null = null;
    // nothing before the first window is asked for
    const served = new ServedTimes(before ?? range.start + this.#context.settings.lookbackMs);
    const onRefused = (error: AceError, next: PagePosition) => {
      refused = { error, next };
      log("cursor_refused", { site: result.site, error: error.message });
    };
    try {
      const options = { at, pageSize: this.#pageSize, deadline, onRefused };
      for await (const { page, at: from, next } of windowPages(ace, result.site, range, options)) {
        refused = null;
        // names that are new are met later, and may be of collected points
        served.add(page.samples, page.records, (name) => this.#catalog.points.get(name)?.configured !== false);
        const progress = next === null ? served.ended(range) : { range, at: next };
        await this.#storePage(page, { window: range, cursor: from.cursor }, progress);
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

  /** The page limit and the budget are no errors: the next run goes on. */
  async #endEarly(error: AceError, range: TimeRange, refused: RefusedCursor | null): Promise<void> {
    const { db, now } = this.#context;
    if (error.kind === "deadline" && refused !== null) {
      // no time was left to ask without the cursor; the next run must not begin with it again
      const { next: at } = refused;
      await inStage("state", () => withD1Retry(() => saveProgress(db, this.#state.siteId, { range, at }, now()).run()));
      throw new StageError("timeseries", refused.error);
    }
    if (error.kind !== "page_limit" && error.kind !== "deadline") throw new StageError("timeseries", error);
    this.result.incompleteBecause = error.kind === "deadline" ? "budget" : "page_limit";
  }

  /** @param progress where the next page of the window starts, or what is known of the window after its last one */
  async #storePage(page: AcePage, from: SourcePage, progress: OpenWindow | EndedWindow): Promise<void> {
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
    try {
      await this.#store(selection.samples, readings, page.asked, [saveProgress(db, siteId, progress, now())]);
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
    asked: number,
    alongside: readonly D1PreparedStatement[],
  ): Promise<void> {
    const { db, now } = this.#context;
    const { result } = this;
    const both = joinSamples(samples, readings);
    const store = { db, siteId: this.#state.siteId, now };
    const counts = await this.#seen.store(this.#catalog.points, both, (seen) =>
      storeWithReadings(store, samples, readings, asked, [...seen, ...alongside]),
    );
    result.recordsInserted += counts.inserted + counts.changed;
    result.recordsChanged += counts.changed;
    result.recordsUnchanged += counts.unchanged;
    countRejection(result.recordsRejected, "same_millisecond", counts.superseded);
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
    this.result.recordsUnchanged += weather.settled.length;
    this.#notePoints(weather.settled);
    addRejections(this.result.recordsRejected, weather.rejected);
    this.#context.letters.reject(this.#state.siteId, null, weather.rejectedRecords);
    return weather.samples;
  }
}
