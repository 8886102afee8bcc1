/** Answers of closed ranges are kept so long, in seconds; one whose state has changed is not found any more. */
const KEPT_S = 86_400;

/** The key is the ETag, which stands for the request, the deployment, and the state of all that the answer covers. */
function keyOf(requestUrl: string, etag: string): Request {
  return new Request(new URL(`/.answers/${encodeURIComponent(etag)}`, requestUrl));
}

/** An answer that was kept; its `metadata.cache_hit` is true. To be asked only for who may read. */
export async function keptAnswer(requestUrl: string, etag: string): Promise<Response | null> {
  return (await caches.default.match(keyOf(requestUrl, etag))) ?? null;
}

/** Keeps an answer, in this data centre. */
export async function keepAnswer(
  requestUrl: string,
  etag: string,
  body: ReadableStream<Uint8Array>,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  // Both have nothing to do with what clients are told: the cache keeps only what says that it may be kept.
  const kept = new Response(body, { headers: { ...headers, "cache-control": `public, max-age=${KEPT_S}` } });
  await caches.default.put(keyOf(requestUrl, etag), kept);
}
