import { generationOf, type ManifestDay } from "../manifest/manifest.ts";

/**
 * The generation under which an object that was read wholly is to be published, or why it must not be. One that the
 * manifest has a later file than, or another one of the same generation, lacks samples that were there: it is not what
 * was written last.
 * @param row what the manifest says of the day
 * @param object its `sha256` is that of its bytes
 */
export function newGeneration(
  row: ManifestDay | null,
  object: { readonly etag: string; readonly sha256: string; readonly customMetadata: Readonly<Record<string, string>> },
): number | string {
  const { etag, sha256, customMetadata } = object;
  if ((customMetadata["sha256"] ?? sha256) !== sha256) return "its bytes have another SHA-256 than when they were put";
  const known = row?.generation ?? 0;
  const pending = row?.pending ?? new Map<string, number>();
  const later = Math.max(known, ...pending.values()) + 1;
  const announced = pending.get(sha256);
  if (announced !== undefined && announced > known) return announced;
  const own = generationOf({ customMetadata });
  const file = row?.file ?? null;
  if (file === null) {
    if (own !== null && own > known) return own;
    // whatever the day's state is by now: only a deletion leaves a generation without a file
    return known > 0 ? "the day was deleted after this file was written" : later;
  }
  if (file.sha256 === sha256) return known;
  // the etag is a hash of the bytes too: what is wrong is the row
  if (file.etag === etag) return later;
  if (own === null) return "its file was put there by somebody else";
  return own > known ? own : "it is an older file than the one that was published";
}
