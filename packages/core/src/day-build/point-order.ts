import { crc32 } from "node:zlib";
import type { Catalog } from "../catalog/catalog.ts";
import { compareUtf8 } from "../domain/utf8-order.ts";

/** A site's points in the order of their names as UTF-8, which is the order of spills and day files. */
export interface PointOrder {
  readonly points: readonly { readonly id: number; readonly name: string }[];
  /** position in `points` by point id */
  readonly ranks: ReadonlyMap<number, number>;
}

/**
 * A CRC-32 of points' names in their order. D1 may reuse ids after it was restored, so data outside of D1 that uses ids
 * also keeps this checksum. An unknown point counts as a point without a name.
 */
export function namesChecksum({ points, ranks }: PointOrder, pointIds: Iterable<number>): number {
  let crc = 0;
  for (const id of pointIds) crc = crc32(`${points[ranks.get(id) ?? -1]?.name ?? ""}\n`, crc);
  return crc;
}

export function pointOrder(catalog: Catalog): PointOrder {
  const points = [...catalog.values()]
    .map(({ id, name }) => ({ id, name }))
    .sort((a, b) => compareUtf8(a.name, b.name));
  return { points, ranks: new Map(points.map(({ id }, rank) => [id, rank])) };
}
