import type { Catalog } from "../catalog/catalog.ts";
import { compareUtf8 } from "../domain/utf8-order.ts";

/** A site's points in the order of their names as UTF-8: the order of spills and day files. */
export interface PointOrder {
  readonly points: readonly { readonly id: number; readonly name: string }[];
  /** position in `points` by point id */
  readonly ranks: ReadonlyMap<number, number>;
}

export function pointOrder(catalog: Catalog): PointOrder {
  const points = [...catalog.values()]
    .map(({ id, name }) => ({ id, name }))
    .sort((a, b) => compareUtf8(a.name, b.name));
  return { points, ranks: new Map(points.map(({ id }, rank) => [id, rank])) };
}
