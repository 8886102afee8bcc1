import type { LocatedDay } from "../rollups/read-file-points.ts";
import type { ManifestDay } from "../manifest/manifest.ts";

/** Whether D1 knows this object as the day's file, and has the expected number of its rows. */
export function isRegistered(
  row: ManifestDay | null,
  object: { readonly key: string; readonly etag: string; readonly size: number },
  located: LocatedDay | null,
): boolean {
  if (row === null || row.file === null || row.state !== "written") return false;
  const { key, etag, bytes, points, rows } = row.file;
  const isThis = key === object.key && etag === object.etag && bytes === object.size;
  return isThis && located?.points === points && located.rows === rows;
}
