import type { AceClient } from "../ace/client.ts";
import { weatherFieldOf } from "../domain/weather.ts";
import { type Catalog, loadCatalog, withNames } from "./catalog.ts";
import { refreshCatalog } from "./refresh-catalog.ts";

/** What a run reads a site's catalogue through. */
interface CatalogContext {
  readonly db: D1Database;
  readonly ace: AceClient;
  /** epoch ms */
  readonly now: () => number;
  /** no request is begun after this, epoch ms */
  readonly deadline?: number | undefined;
}

/**
 * A site's catalogue during one run: read once, and asked for upstream at most once, when a name is new. A name that the
 * list does not have either is recorded as discovered, so that no later run asks for the list because of it.
 */
export class SiteCatalog {
  readonly #context: CatalogContext;
  readonly #site: { readonly id: number; readonly name: string };
  #points: Catalog = new Map();
  #isFresh = false;

  constructor(context: CatalogContext, site: { readonly id: number; readonly name: string }) {
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
    const { db, ace, now, deadline } = this.#context;
    this.use(await refreshCatalog(db, ace, this.#site.name, this.#site.id, now(), deadline));
    this.#isFresh = true;
  }

  /**
   * Makes all of these names known. They may have been configured since the catalogue was read, or never.
   * @throws {AceError} where the list cannot be had: nobody knows then whether their samples are wanted;
   *   {EmptyCatalogError}; the error of D1
   */
  async meet(names: readonly string[]): Promise<void> {
    const unknown = names.filter((name) => !this.#points.has(name));
    if (unknown.length === 0) return;
    const needsList = unknown.some((name) => weatherFieldOf(name) === null);
    if (needsList && !this.#isFresh) await this.refresh();
    this.use(await withNames(this.#context.db, this.#site.id, this.#points, unknown));
  }
}
