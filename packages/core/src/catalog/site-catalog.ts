import { AceError } from "../ace/ace-error.ts";
import type { AceClient } from "../ace/client.ts";
import type { CallOptions } from "../ace/transport.ts";
import { weatherFieldOf } from "../domain/weather.ts";
import { logError } from "../telemetry/log.ts";
import { type Catalog, loadCatalog, withNames } from "./catalog.ts";
import { readListedAt, refreshCatalog } from "./refresh-catalog.ts";
import { EmptyCatalogError } from "./replace-catalog.ts";

/**
 * When samples of an unlisted point arrive, a list older than this is requested again, in ms. Two syncs of five
 * minutes, and less than the default lookback: samples rejected meanwhile are served once more.
 */
const LIST_TRUSTED_MS = 9 * 60_000;

/** The longest that a run with a deadline waits for such a list, in ms. */
const AGAIN_BUDGET_MS = 10_000;

/** The dependencies of a run that reads a site's catalogue. */
interface CatalogContext {
  readonly db: D1Database;
  readonly ace: AceClient;
  /** epoch ms */
  readonly now: () => number;
  /** no request begins after this time, epoch ms */
  readonly deadline?: number | undefined;
}

interface CatalogSite {
  readonly id: number;
  readonly name: string;
  /** when the list was last applied, epoch ms; null: never; absent: read on demand */
  readonly listedAt?: number | null;
}

/**
 * A site's catalogue during one run: read once, and requested upstream at most once. A new name needs the list. A name
 * that the list lacks too is recorded as discovered. It may be listed later, so an old list that lacks a served name is
 * requested again.
 */
export class SiteCatalog {
  readonly #context: CatalogContext;
  readonly #site: CatalogSite;
  #points: Catalog = new Map();
  #isFresh = false;
  #isAgeChecked = false;

  constructor(context: CatalogContext, site: CatalogSite) {
    this.#context = context;
    this.#site = site;
  }

  get points(): Catalog {
    return this.#points;
  }

  /** Uses a catalogue that was read elsewhere. */
  use(points: Catalog): void {
    this.#points = points;
  }

  /** Reads the stored catalogue. @throws the error of D1 */
  async load(): Promise<void> {
    this.use(await loadCatalog(this.#context.db, this.#site.id));
  }

  /** Requests the upstream's list. @throws {AceError}; {EmptyCatalogError}; the error of D1 */
  async refresh(): Promise<void> {
    await this.#refresh({ deadline: this.#context.deadline });
  }

  /**
   * Makes all of these names known. They may have been configured since the catalogue was read.
   * @throws {AceError} if the list is not available: it is then unknown whether samples of a new name are wanted;
   * {EmptyCatalogError}; the error of D1
   */
  async meet(names: readonly string[]): Promise<void> {
    const unknown = names.filter((name) => !this.#points.has(name));
    if (unknown.some((name) => weatherFieldOf(name) === null)) {
      if (!this.#isFresh) await this.refresh();
    } else if (names.some((name) => this.#points.get(name)?.configured === false)) {
      await this.#refreshWhereOld();
    }
    if (unknown.length > 0) this.use(await withNames(this.#context.db, this.#site.id, this.#points, unknown));
  }

  /** A list that is not available changes nothing: the entry of every name stays valid until the next list. */
  async #refreshWhereOld(): Promise<void> {
    if (this.#isFresh || this.#isAgeChecked) return;
    this.#isAgeChecked = true;
    const { db, now, deadline } = this.#context;
    const { listedAt = await readListedAt(db, this.#site.id) } = this.#site;
    if (listedAt !== null && now() - listedAt < LIST_TRUSTED_MS) return;
    const limits = { deadline: Math.min(deadline ?? Infinity, now() + AGAIN_BUDGET_MS), timeoutMs: AGAIN_BUDGET_MS };
    try {
      await this.#refresh(deadline === undefined ? {} : limits);
    } catch (error) {
      if (!(error instanceof AceError || error instanceof EmptyCatalogError)) throw error;
      logError("list_not_refreshed", error, { site: this.#site.name });
    }
  }

  async #refresh(options: CallOptions): Promise<void> {
    const { db, ace, now } = this.#context;
    this.use(await refreshCatalog(db, ace, this.#site.name, this.#site.id, now(), options));
    this.#isFresh = true;
  }
}
