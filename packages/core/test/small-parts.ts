interface Upload {
  readonly key: string;
  readonly parts: Uint8Array<ArrayBuffer>[];
  state: "open" | "completed" | "aborted";
}

/**
 * The real bucket, except for multipart uploads:
 * - Parts may have any size, so that a small file has many. R2 requires 5 MiB.
 * - As in R2, an object exists only after its upload is completed.
 */
export class SmallParts {
  readonly uploads: Upload[] = [];
  readonly bucket: R2Bucket;

  constructor(bucket: R2Bucket) {
    this.bucket = new Proxy(bucket, {
      get: (target, key): unknown => {
        if (key === "createMultipartUpload") return async (name: string) => this.#upload(bucket, name);
        const member: unknown = Reflect.get(target, key);
        return typeof member === "function" ? member.bind(target) : member;
      },
    });
  }

  /** Uploads that are neither completed nor aborted. R2 keeps their parts for a week. */
  get open(): number {
    return this.uploads.filter(({ state }) => state === "open").length;
  }

  #upload(bucket: R2Bucket, key: string) {
    const upload: Upload = { key, parts: [], state: "open" };
    this.uploads.push(upload);
    const requireOpen = () => {
      if (upload.state !== "open") throw new Error("The specified multipart upload does not exist. (10024)");
    };
    return {
      uploadPart: async (partNumber: number, bytes: Uint8Array<ArrayBuffer>) => {
        requireOpen();
        upload.parts[partNumber - 1] = bytes.slice();
        return { partNumber, etag: String(partNumber) };
      },
      complete: async (parts: readonly unknown[]) => {
        requireOpen();
        if (parts.length !== upload.parts.length) throw new Error("a part is missing (10025)");
        upload.state = "completed";
        return bucket.put(key, await new Blob(upload.parts).arrayBuffer());
      },
      abort: async () => {
        requireOpen();
        upload.state = "aborted";
      },
    };
  }
}
