import { DAY_S } from "@building-vitals/core/domain/day";

/**
 * Lifetime of a cached answer of a closed range, seconds. A changed state changes the key, so it never serves a stale
 * answer.
 */
const KEPT_S = DAY_S;

/** The ETag is the key: it covers the request, the deployment, and the state of all data in the answer. */
function keyOf(requestUrl: string, etag: string): Request {
  return new Request(new URL(`/.answers/${encodeURIComponent(etag)}`, requestUrl));
}

/** Headers of an answer. The cache adds others (`age`, `expires`, `cf-cache-status`, `date`, …). */
const ANSWER_HEADERS = ["content-type", "content-disposition", "query-metadata"];

/** A cached answer with its own headers only. Its `metadata.cache_hit` is true. Call it only after the access check. */
export async function keptAnswer(
  requestUrl: string,
  etag: string,
): Promise<{ readonly body: ReadableStream | null; readonly headers: Readonly<Record<string, string>> } | null> {
  const kept = await caches.default.match(keyOf(requestUrl, etag));
  if (kept === undefined) return null;
  const headers = ANSWER_HEADERS.flatMap((name) => {
    const value = kept.headers.get(name);
    return value === null ? [] : [[name, value] as const];
  });
  return { body: kept.body, headers: Object.fromEntries(headers) };
}

/** Caches an answer in this data centre. */
export async function keepAnswer(
  requestUrl: string,
  etag: string,
  body: ReadableStream<Uint8Array>,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  // The cache stores only responses with this header. Clients get the answer's `cache-control` instead.
  const kept = new Response(body, { headers: { ...headers, "cache-control": `public, max-age=${KEPT_S}` } });
  await caches.default.put(keyOf(requestUrl, etag), kept);
}
