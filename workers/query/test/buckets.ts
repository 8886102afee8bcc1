import type { ColdBucket } from "@building-vitals/core/read/cold-level";

/** The real bucket. `around` runs around every request. */
export function aroundRequests(
  bucket: R2Bucket,
  around: <T>(request: () => Promise<T>, key: string) => Promise<T>,
): ColdBucket {
  return {
    head: (key) => around(() => bucket.head(key), key),
    get: (key, options) =>
      around(async () => {
        const object = await bucket.get(key, options);
        return object === null ? null : withBody(object, (body) => body);
      }, key),
  };
}

/** The real bucket with changed bodies: damage in transit or on disk that the etag does not show. */
export function changedBodies(bucket: R2Bucket, change: (body: ArrayBuffer, key: string) => ArrayBuffer): ColdBucket {
  return {
    head: (key) => bucket.head(key),
    get: async (key, options) => {
      const object = await bucket.get(key, options);
      return object === null ? null : withBody(object, (body) => change(body, key));
    },
  };
}

function withBody(object: R2Object | R2ObjectBody, change: (body: ArrayBuffer) => ArrayBuffer) {
  const { etag, size } = object;
  if (!("body" in object)) return { etag, size };
  return { etag, size, arrayBuffer: async () => change(await object.arrayBuffer()) };
}
