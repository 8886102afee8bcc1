import { generationOf, type ManifestDay } from "../manifest/manifest.ts";

/**
 * The generation with which to publish a completely read object, or the reason to refuse it. An object older than the
 * manifest's file, or another object of the same generation, lacks samples.
 * @param row the day in the manifest
 * @param object `sha256` is computed from its bytes
 */
export function newGeneration(
  row: ManifestDay | null,
  object: { readonly etag: string; readonly sha256: string; readonly customMetadata: Readonly<Record<string, string>> },
): number | string {
  const { etag, sha256, customMetadata } = object;
  if ((customMetadata["sha256"] ?? sha256) !== sha256)
    return "its bytes have another SHA-256 than its metadata records";
  const known = row?.generation ?? 0;
  const pending = row?.pending ?? new Map<string, number>();
  const later = Math.max(known, ...pending.values()) + 1;
  const announced = pending.get(sha256);
  if (announced !== undefined && announced > known) return announced;
  const written = generationOf({ customMetadata });
  const file = row?.file ?? null;
  if (file === null) {
    if (written !== null && written > known) return written;
    // In any state of the day: only a deletion leaves a generation without a file.
    return known > 0 ? "the day was deleted after this file was written" : later;
  }
  if (file.sha256 === sha256) return known;
  // The ETag is a hash of the bytes too, so the row is wrong.
  if (file.etag === etag) return later;
  if (written === null) return "its object in R2 is not one that a build wrote";
  return written > known ? written : "it is an older file than the published one";
}
