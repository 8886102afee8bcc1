/** Stands around each call that reaches the bucket. */
export type BucketInterceptor = <T>(execute: () => Promise<T>) => Promise<T>;

const EXECUTING: ReadonlySet<PropertyKey> = new Set(["head", "get", "put", "delete", "list", "createMultipartUpload"]);

/** The real bucket with an interceptor around every call to it. */
export function interceptedBucket(bucket: R2Bucket, intercept: BucketInterceptor): R2Bucket {
  return new Proxy(bucket, {
    get(target, key): unknown {
      const member: unknown = Reflect.get(target, key);
      if (!EXECUTING.has(key) || typeof member !== "function") {
        throw new Error(`the code under test is not expected to call ${String(key)}`);
      }
      return (...given: unknown[]) =>
        intercept(async (): Promise<unknown> => {
          const result: unknown = await Reflect.apply(member, target, given);
          return key === "createMultipartUpload" ? interceptedUpload(result, intercept) : result;
        });
    },
  });
}

function interceptedUpload(upload: unknown, intercept: BucketInterceptor): unknown {
  if (typeof upload !== "object" || upload === null) throw new Error("no upload was made");
  return new Proxy(upload, {
    get(target, key): unknown {
      const member: unknown = Reflect.get(target, key);
      if (typeof member !== "function") return member;
      return (...given: unknown[]) => intercept(async (): Promise<unknown> => Reflect.apply(member, target, given));
    },
  });
}
