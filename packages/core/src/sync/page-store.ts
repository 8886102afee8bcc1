import type { AcePage } from "../ace/timeseries.ts";
import type { SiteCatalog } from "../catalog/site-catalog.ts";
import type { SourcePage } from "../domain/dead-letter.ts";
import { addRejections, countRejection } from "../domain/rejection.ts";
import { joinSamples, NO_SAMPLES, type PointSamples } from "../domain/samples.ts";
import { storeWithReadings } from "../store/store-samples.ts";
import { sampleUnconfigured } from "../transform/sample-unconfigured.ts";
import { selectConfigured } from "../transform/select-configured.ts";
import { SYNC_INTERVAL_MS } from "./schedule.ts";
import { SeenPoints } from "./seen-points.ts";
import { StageError } from "./stage-error.ts";
import type { SiteSyncResult } from "./sync-result.ts";
import type { SyncContext } from "./sync-context.ts";
import { type EndedWindow, type OpenWindow, saveProgress } from "./sync-state.ts";
import type { WeatherRead } from "./weather.ts";

/** Stores the pages and the weather of one site's sync, and counts every record in its result. */
export class PageStore {
  readonly #context: SyncContext;
  readonly #siteId: number;
  readonly #catalog: SiteCatalog;
  readonly #result: SiteSyncResult;
  readonly #seen: SeenPoints;
  readonly #seenPoints = new Set<number>();
  /** weather that waits for a page: stored with its batch, it costs no extra statement */
  #weather: WeatherRead | null = null;

  constructor(context: SyncContext, siteId: number, catalog: SiteCatalog, result: SiteSyncResult) {
    this.#context = context;
    this.#siteId = siteId;
    this.#catalog = catalog;
    this.#result = result;
    this.#seen = new SeenPoints(context.db);
  }

  /** Keeps weather for the next page. */
  addWeather(weather: WeatherRead): void {
    this.#weather = weather;
  }

  /** Stores weather that no page took along: the feed has no history, so an unstored reading is lost. */
  async storeWeather(): Promise<void> {
    const readings = this.#takeWeather();
    if (readings.length === 0) return;
    try {
      await this.#store(NO_SAMPLES, readings, 0, []);
    } catch (error) {
      this.#result.recordsFailed += readings.length;
      this.#result.errors.push(new StageError("weather", error).toSyncError());
    }
  }

  /**
   * Stores a page and the progress of its window in one transaction.
   * @param progress start of the window's next page, or the result of the ended window
   * @throws {StageError} `catalog` or `store`; the page's samples are counted as failed
   */
  async storePage(page: AcePage, from: SourcePage, progress: OpenWindow | EndedWindow): Promise<void> {
    const { db, now, deadLetters } = this.#context;
    const result = this.#result;
    result.recordsFetched += page.records;
    addRejections(result.recordsRejected, page.rejected);
    deadLetters.reject(this.#siteId, from, page.rejectedRecords);
    try {
      await this.#catalog.meet(page.samples.names);
    } catch (error) {
      throw this.#failed(new StageError("catalog", error), from, page.samples.length);
    }
    const selection = selectConfigured(page.samples, this.#catalog.points);
    addRejections(result.recordsRejected, selection.rejected);
    if (selection.rejected.unconfigured !== undefined) {
      const run = Math.floor(now() / SYNC_INTERVAL_MS);
      const room = deadLetters.left(this.#siteId, "unconfigured");
      deadLetters.reject(this.#siteId, from, sampleUnconfigured(page.samples, this.#catalog.points, run, room));
    }
    const readings = this.#takeWeather();
    try {
      await this.#store(selection.samples, readings, page.asked, [saveProgress(db, this.#siteId, progress, now())]);
    } catch (error) {
      throw this.#failed(new StageError("store", error), from, selection.samples.length + readings.length);
    }
  }

  /**
   * @param readings of the weather feed; they never replace a stored sample, because the history has precedence
   * @param alongside statements for the transaction of the samples
   */
  async #store(
    samples: PointSamples,
    readings: PointSamples,
    asked: number,
    alongside: readonly D1PreparedStatement[],
  ): Promise<void> {
    const { db, now } = this.#context;
    const result = this.#result;
    const both = joinSamples(samples, readings);
    const store = { db, siteId: this.#siteId, now };
    const counts = await this.#seen.store(this.#catalog.points, both, (seen) =>
      storeWithReadings(store, samples, readings, asked, [...seen, ...alongside]),
    );
    result.recordsInserted += counts.inserted + counts.changed;
    result.recordsChanged += counts.changed;
    result.recordsUnchanged += counts.unchanged;
    countRejection(result.recordsRejected, "same_millisecond", counts.superseded);
    this.#countPoints(both.pointIds);
  }

  #countPoints(ids: Iterable<number>): void {
    for (const id of ids) this.#seenPoints.add(id);
    this.#result.pointsProcessed = this.#seenPoints.size;
  }

  /** Counts samples that could not be stored. @returns the error */
  #failed(error: StageError, from: SourcePage, samples: number): StageError {
    this.#result.recordsFailed += samples;
    this.#context.deadLetters.fail(this.#siteId, from, error.stage, error.message, samples);
    return error;
  }

  #takeWeather(): PointSamples {
    const weather = this.#weather;
    if (weather === null) return NO_SAMPLES;
    this.#weather = null;
    this.#result.recordsFetched += weather.records;
    this.#result.recordsUnchanged += weather.settled.length;
    this.#countPoints(weather.settled);
    addRejections(this.#result.recordsRejected, weather.rejected);
    this.#context.deadLetters.reject(this.#siteId, null, weather.rejectedRecords);
    return weather.samples;
  }
}
