import { AceError } from "../ace/ace-error.ts";
import type { AceClient } from "../ace/client.ts";
import type { CallOptions } from "../ace/transport.ts";
import { weatherFieldOf } from "../domain/weather.ts";
import { logError } from "../telemetry/log.ts";
import { type Catalog, loadCatalog, withNames } from "./catalog.ts";
import { readListedAt, refreshCatalog } from "./refresh-catalog.ts";
import { EmptyCatalogError } from "./replace-catalog.ts";

/**
 * A list is asked for again after this time, in milliseconds, when samples of a point come that it leaves out. Two syncs
 * of five minutes, and less than the default lookback: samples that were rejected meanwhile are served once more.
 */
const LIST_TRUSTED_MS = 9 * 60_000;

/** The longest that a run with a deadline waits for such a list, in milliseconds. */
const AGAIN_BUDGET_MS = 10_000;

/** What a run reads a site's catalogue through. */
interface CatalogContext {
  readonly db: D1Database;
  readonly ace: AceClient;
  /** epoch ms */
  readonly now: () => number;
  /** no request is begun after this, epoch ms */
  readonly deadline?: number | undefined;
}

interface CatalogSite {
  readonly id: number;
  readonly name: string;
  /** when its list was last taken over, epoch ms; null: never; absent: it is read when it is needed */
  readonly listedAt?: number | null;
}

/**
 * A site's catalogue during one run: read once, and asked for upstream at most once. The list is needed where a name is
 * new. A name that the list does not have either is recorded as discovered; it may be listed later, so a list that leaves
 * out a served name is asked for again when it is old.
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

  /** Takes over a catalogue that was read elsewhere. */
  use(points: Catalog): void {
    this.#points = points;
  }

  /** Reads the catalogue as stored. @throws the error of D1 */
  async load(): Promise<void> {
    this.use(await loadCatalog(this.#context.db, this.#site.id));
  }

  /** Asks for the upstream's list. @throws {AceError}; {EmptyCatalogError}; the error of D1 */
  async refresh(): Promise<void> {
    await this.#refresh({ deadline: this.#context.deadline });
  }

  /**
   * Makes all of these names known. They may have been configured since the catalogue was read, or never.
   * @throws {AceError} where the list cannot be had: nobody knows then whether the samples of a new name are wanted;
   *   {EmptyCatalogError}; the error of D1
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

  /** A list that cannot be had changes nothing: what is known of every name stays right until another list. */
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
