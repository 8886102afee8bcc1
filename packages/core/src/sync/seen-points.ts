import type { Catalog, CatalogPoint } from "../catalog/catalog.ts";
import { markSeenStatement, type SeenRange, seenRanges } from "../catalog/seen.ts";
import type { PointSamples } from "../domain/samples.ts";

/** The first and last samples of a site's points during one sync. */
export class SeenPoints {
  readonly #db: D1Database;
  #points: Catalog | null = null;
  #byId = new Map<number, CatalogPoint>();

  constructor(db: D1Database) {
    this.#db = db;
  }

  /**
   * The points whose first_seen or last_seen these samples move, and the statement that does, to run in the
   * transaction that stores them; null when there are none.
   */
  seen(points: Catalog, samples: PointSamples): { ranges: SeenRange[]; statement: D1PreparedStatement } | null {
    if (points !== this.#points) {
      this.#points = points;
      this.#byId = new Map([...points.values()].map((point) => [point.id, point]));
    }
    const ranges = seenRanges(samples, this.#byId);
    return ranges.length === 0 ? null : { ranges, statement: markSeenStatement(this.#db, ranges) };
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
}
