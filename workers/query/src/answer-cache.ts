import { DAY_S } from "@building-vitals/core/domain/day";

/** Answers of closed ranges are kept so long, in seconds; one whose state has changed is not found any more. */
const KEPT_S = DAY_S;

/** The key is the ETag, which stands for the request, the deployment, and the state of all that the answer covers. */
function keyOf(requestUrl: string, etag: string): Request {
  return new Request(new URL(`/.answers/${encodeURIComponent(etag)}`, requestUrl));
}

/** Headers that belong to an answer. The cache adds some of its own (`age`, `expires`, `cf-cache-status`, `date`, …). */
const ANSWER_HEADERS = ["content-type", "content-disposition", "query-metadata"];

/** A kept answer with its own headers only; its `metadata.cache_hit` is true. Ask only for a client that may read. */
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

/** Keeps an answer, in this data centre. */
export async function keepAnswer(
  requestUrl: string,
  etag: string,
  body: ReadableStream<Uint8Array>,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  // The cache stores only responses with such a header. Clients get the headers of the answer instead.
  const kept = new Response(body, { headers: { ...headers, "cache-control": `public, max-age=${KEPT_S}` } });
  await caches.default.put(keyOf(requestUrl, etag), kept);
}
