import type { Catalog, CatalogPoint } from "../catalog/catalog.ts";
import { type SeenRange, seenRanges } from "../catalog/seen.ts";
import type { PointSamples } from "../domain/samples.ts";

/** The first and last samples of a site's points during one sync. */
export class SeenPoints {
  #points: Catalog | null = null;
  #byId = new Map<number, CatalogPoint>();

  /** The points whose first_seen or last_seen these samples move. */
  seen(points: Catalog, samples: PointSamples): SeenRange[] {
    if (points !== this.#points) {
      this.#points = points;
      this.#byId = new Map([...points.values()].map((point) => [point.id, point]));
    }
    return seenRanges(samples, this.#byId);
  }

  /** Takes note of ranges that are stored. */
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
