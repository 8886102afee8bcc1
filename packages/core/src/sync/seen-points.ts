import type { Catalog, CatalogPoint } from "../catalog/catalog.ts";
import { seenRanges, storeSeen } from "../catalog/seen.ts";
import type { PointSamples } from "../domain/samples.ts";

/** The first and last samples of a site's points during one sync. */
export class SeenPoints {
  readonly #db: D1Database;
  #points: Catalog | null = null;
  #byId = new Map<number, CatalogPoint>();

  constructor(db: D1Database) {
    this.#db = db;
  }

  /** {@link storeSeen} for these samples. */
  async store<T>(points: Catalog, samples: PointSamples, store: Parameters<typeof storeSeen<T>>[2]): Promise<T> {
    if (points !== this.#points) {
      this.#points = points;
      this.#byId = new Map([...points.values()].map((point) => [point.id, point]));
    }
    const ranges = seenRanges(samples, this.#byId);
    const stored = await storeSeen(this.#db, ranges, store);
    for (const { pointId, first, last } of ranges) {
      const point = this.#byId.get(pointId);
      if (point === undefined) continue;
      const firstSeen = Math.min(point.firstSeen ?? first, first);
      const lastSeen = Math.max(point.lastSeen ?? last, last);
      this.#byId.set(pointId, { ...point, firstSeen, lastSeen });
    }
    return stored;
  }
}
