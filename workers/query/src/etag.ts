import { SCHEMA_VERSION } from "@building-vitals/core/d1/schema-version";
import { HOUR_MS } from "@building-vitals/core/domain/hour";
import { namesEtag } from "./byte-range.ts";
import type { Settings } from "./env.ts";

/** Of an answer that has an ETag, in the API's description: what may be sent with a request, and what then may come. */
export const IF_NONE_MATCH = {
  "if-none-match": "The ETag of an answer that the client has: 304 while it is still right",
} as const;
export const NOT_MODIFIED = { description: "What the client has is still right" } as const;

/**
 * The ETag of an answer, from everything that it depends on: the code (each deployment may answer differently), the
 * request, and the stored state. Weak, because two answers of one state differ in their duration.
 * @param asked the request as parsed, so that two spellings of it share an ETag
 * @param state distinguishes stored states, as JSON can hold it
 */
export async function etagOf(settings: Settings, route: string, asked: unknown, state: unknown): Promise<string> {
  const parts = JSON.stringify([settings.CF_VERSION_METADATA?.id ?? null, SCHEMA_VERSION, route, asked, state]);
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(parts));
  return `W/"${Array.from(new Uint8Array(hash, 0, 20), (byte) => byte.toString(16).padStart(2, "0")).join("")}"`;
}

/** Whether the client has the answer of this ETag (RFC 9110, 13.1.2). */
export function isKnown(request: Request, etag: string): boolean {
  return namesEtag(request.headers.get("if-none-match"), etag.replace(/^W\//, ""));
}

/** How long an answer that is not likely to change may be shown without asking again, in seconds. */
const CLOSED_MAX_AGE_S = 30;

/** A range that ended so long ago is closed: the sync asks for the last minutes again, and little comes later. */
const CLOSED_AFTER_MS = HOUR_MS;

/** @param until what lies before is known to be stored or missing, epoch ms */
export function isClosed(end: number, until: number, now: number): boolean {
  return end <= until && end <= now - CLOSED_AFTER_MS;
}

/**
 * Whether and how long an answer may be kept. None without asking for its ETag, but for half a minute where it is of a
 * closed range: late samples and backfills change those too. Shared caches only where everybody may read.
 */
export function cacheControl(settings: Settings, isOfClosedRange: boolean): string {
  const isOpen = settings.QUERY_TOKEN === undefined && settings.access === null;
  const who = isOpen ? "public" : "private";
  return isOfClosedRange ? `${who}, max-age=${CLOSED_MAX_AGE_S}, must-revalidate` : `${who}, no-cache`;
}
