import type { AceClient } from "../ace/client.ts";
import { type Catalog, type CatalogPoint, loadCatalog, withNames } from "../catalog/catalog.ts";
import { markSeenStatement, type SeenRange, seenRanges } from "../catalog/seen.ts";
import type { PointSamples } from "../domain/samples.ts";
import { refreshCatalog } from "./refresh-catalog.ts";

/** What a sync reads the catalogue through. */
interface CatalogContext {
  readonly db: D1Database;
  readonly ace: AceClient;
  /** epoch ms */
  readonly now: () => number;
  /** epoch ms */
  readonly deadline: number;
}

/** A site's catalogue during one sync: read once, and asked for upstream at most once, when a name is new. */
export class SiteCatalog {
  readonly #context: CatalogContext;
  readonly #site: string;
  readonly #siteId: number;
  #points: Catalog = new Map();
  #byId = new Map<number, CatalogPoint>();
  #isFresh = false;

  constructor(context: CatalogContext, site: string, siteId: number) {
    this.#context = context;
    this.#site = site;
    this.#siteId = siteId;
  }

  get points(): Catalog {
    return this.#points;
  }

  use(points: Catalog): void {
    this.#points = points;
    this.#byId = new Map([...points.values()].map((point) => [point.id, point]));
  }

  /** @param takenOver whether the upstream's list was ever taken over; before that, nothing is configured */
  async prepare(takenOver: boolean): Promise<void> {
    if (takenOver) this.use(await loadCatalog(this.#context.db, this.#siteId));
    else await this.#refresh();
  }

  /** Names that the catalogue does not know: points configured since its last refresh, or never configured. */
  async meet(names: readonly string[]): Promise<void> {
    if (!this.#isFresh) await this.#refresh();
    const points = await withNames(this.#context.db, this.#siteId, this.#points, names);
    if (points !== this.#points) this.use(points);
  }

  /**
   * The points whose first_seen or last_seen these samples move, and the statement that does, to run in the
   * transaction that stores them; null when there are none.
   */
  seen(samples: PointSamples): { ranges: SeenRange[]; statement: D1PreparedStatement } | null {
    const ranges = seenRanges(samples, this.#byId);
    return ranges.length === 0 ? null : { ranges, statement: markSeenStatement(this.#context.db, ranges) };
  }

  /** Takes note of what {@link seen} has stored. */
  noteSeen(ranges: readonly SeenRange[]): void {
    for (const { pointId, first, last } of ranges) {
      const point = this.#byId.get(pointId);
      if (point === undefined) continue;
      const firstSeen = Math.min(point.firstSeen ?? first, first);
      const lastSeen = Math.max(point.lastSeen ?? last, last);
      this.#byId.set(pointId, { ...point, firstSeen, lastSeen });
    }
  }

  async #refresh(): Promise<void> {
    const { db, ace, now, deadline } = this.#context;
    this.use(await refreshCatalog(db, ace, this.#site, this.#siteId, now(), deadline));
    this.#isFresh = true;
  }
}
