import { SCHEMA_VERSION } from "@building-vitals/core/d1/schema-version";
import { HOUR_MS } from "@building-vitals/core/domain/hour";
import { namesEtag } from "./byte-range.ts";
import type { Settings } from "./env.ts";

/** Request header and 304 answer of the routes with an ETag, for the OpenAPI document. */
export const IF_NONE_MATCH = {
  "if-none-match": "The ETag of the client's copy: 304 if the answer has not changed",
} as const;
export const NOT_MODIFIED = { description: "The client's copy is still current" } as const;

/**
 * The ETag of an answer. It covers everything that the answer depends on: the deployment, the request, and the stored
 * state. It is weak because two answers of one state differ in their duration.
 * @param asked the request as parsed, so that two spellings of it share an ETag
 * @param state identifies the stored state; JSON-serializable
 */
export async function etagOf(settings: Settings, route: string, asked: unknown, state: unknown): Promise<string> {
  const parts = JSON.stringify([settings.CF_VERSION_METADATA?.id ?? null, SCHEMA_VERSION, route, asked, state]);
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(parts));
  return `W/"${Array.from(new Uint8Array(hash, 0, 20), (byte) => byte.toString(16).padStart(2, "0")).join("")}"`;
}

/** Whether the client's copy has this ETag (RFC 9110, 13.1.2). */
export function isKnown(request: Request, etag: string): boolean {
  return namesEtag(request.headers.get("if-none-match"), etag.replace(/^W\//, ""));
}

/** How long a client may show an answer of a closed range without revalidation, seconds. */
const CLOSED_MAX_AGE_S = 30;

/** Age at which a range counts as closed, ms: syncs fetch the last minutes again, and few samples arrive later. */
const CLOSED_AFTER_MS = HOUR_MS;

/** @param until all samples before it are known to be stored or missing, epoch ms */
export function isClosed(end: number, until: number, now: number): boolean {
  return end <= until && end <= now - CLOSED_AFTER_MS;
}

/**
 * A `cache-control` value. Clients revalidate each answer; one of a closed range is fresh for half a minute, because
 * late samples and backfills change it too. Shared caches may store it only if everybody may read.
 */
export function cacheControl(settings: Settings, isOfClosedRange: boolean): string {
  const isOpen = settings.QUERY_TOKEN === undefined && settings.access === null;
  const who = isOpen ? "public" : "private";
  return isOfClosedRange ? `${who}, max-age=${CLOSED_MAX_AGE_S}, must-revalidate` : `${who}, no-cache`;
}
