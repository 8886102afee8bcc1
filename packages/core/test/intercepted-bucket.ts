/** Wraps each call to the bucket. `what` is for example `get staging/a`, or `body staging/a` for its bytes. */
export type BucketInterceptor = <T>(execute: () => Promise<T>, what: string) => Promise<T>;

const EXECUTING: ReadonlySet<PropertyKey> = new Set(["head", "get", "put", "delete", "list", "createMultipartUpload"]);

/** The real bucket with an interceptor around every call to it, to its multipart uploads, and to its objects' bytes. */
export function interceptedBucket(bucket: R2Bucket, intercept: BucketInterceptor): R2Bucket {
  return new Proxy(bucket, {
    get(target, key): unknown {
      const member: unknown = Reflect.get(target, key);
      if (!EXECUTING.has(key) || typeof member !== "function") {
        throw new Error(`the code under test is not expected to call ${String(key)}`);
      }
      return (...given: unknown[]) => {
        const of = typeof given[0] === "string" ? given[0] : "";
        return intercept(
          async (): Promise<unknown> => {
            const result: unknown = await Reflect.apply(member, target, given);
            if (key === "createMultipartUpload") return interceptedMethods(result, () => true, of, intercept);
            return key === "get" ? interceptedMethods(result, (name) => name === "arrayBuffer", of, intercept) : result;
          },
          `${String(key)} ${of}`,
        );
      };
    },
  });
}

function interceptedMethods(
  of: unknown,
  isExecuting: (name: PropertyKey) => boolean,
  name: string,
  intercept: BucketInterceptor,
): unknown {
  if (typeof of !== "object" || of === null) return of;
  return new Proxy(of, {
    get(target, key): unknown {
      const member: unknown = Reflect.get(target, key);
      if (typeof member !== "function") return member;
      const call = async (...given: unknown[]): Promise<unknown> => Reflect.apply(member, target, given);
      if (!isExecuting(key)) return call;
      const what = `${key === "arrayBuffer" ? "body" : String(key)} ${name}`;
      return (...given: unknown[]) => intercept(() => call(...given), what);
    },
  });
}
