import { createHash } from "node:crypto";
import type { UploadBucket } from "../src/r2/multipart-sink.ts";
import type { RangeBucket } from "../src/r2/range-get.ts";

const MIN_PART_BYTES = 5 * 1024 * 1024;

/** A bucket in memory with the rules of R2 that day files need, for tests outside of workerd. It counts its calls. */
export class MemoryBucket implements UploadBucket, RangeBucket {
  readonly objects = new Map<string, { bytes: Uint8Array<ArrayBuffer>; etag: string }>();
  /** part sizes of each completed multipart upload */
  readonly uploads: number[][] = [];
  puts = 0;
  gets = 0;
  /** multipart uploads that are neither completed nor aborted */
  open = 0;
  #version = 0;

  /** Replaces an object's bytes and keeps its ETag, as bit rot does. */
  damage(key: string, bytes: Uint8Array): void {
    this.objects.set(key, { bytes: Uint8Array.from(bytes), etag: this.stored(key).etag });
  }

  stored(key: string): { bytes: Uint8Array<ArrayBuffer>; etag: string } {
    const object = this.objects.get(key);
    if (object === undefined) throw new Error(`nothing is stored under ${key}`);
    return object;
  }

  async put(key: string, body: Uint8Array<ArrayBuffer> | string, options?: { sha256: string }) {
    this.puts++;
    const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    if (options !== undefined && options.sha256 !== sha256) throw new Error("put: another SHA-256 (10037)");
    return this.#keep(key, bytes);
  }

  async createMultipartUpload(key: string) {
    this.open++;
    const parts: Uint8Array[] = [];
    return {
      uploadPart: async (partNumber: number, bytes: Uint8Array<ArrayBuffer>) => {
        parts[partNumber - 1] = bytes.slice();
        return { partNumber, etag: `part-${partNumber}` };
      },
      complete: async (uploaded: { partNumber: number; etag: string }[]) => {
        const sizes = parts.map((part) => part.length);
        const first = sizes[0]!;
        const equal = sizes.slice(0, -1).every((size) => size === first && size >= MIN_PART_BYTES);
        if (!equal || sizes.at(-1)! > first)
          throw new Error(`completeMultipartUpload: parts of ${sizes.join()} (10011)`);
        if (uploaded.length !== parts.length) throw new Error("completeMultipartUpload: a part is missing (10025)");
        this.open--;
        this.uploads.push(sizes);
        const bytes = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0));
        parts.reduce((at, part) => (bytes.set(part, at), at + part.length), 0);
        return this.#keep(key, bytes);
      },
      abort: async () => {
        this.open--;
      },
    };
  }

  async get(key: string, options: Partial<Parameters<RangeBucket["get"]>[1]> = {}) {
    this.gets++;
    const object = this.objects.get(key);
    if (object === undefined) return null;
    const { bytes, etag } = object;
    const text = async () => new TextDecoder().decode(bytes);
    if (options.onlyIf !== undefined && options.onlyIf.etagMatches !== etag) return { etag, size: bytes.length, text };
    const { range = { offset: 0, length: bytes.length } } = options;
    const offset = "suffix" in range ? Math.max(0, bytes.length - range.suffix) : range.offset;
    if (offset >= bytes.length) throw new Error("get: The requested range is not satisfiable (10039)");
    const end = "suffix" in range ? bytes.length : offset + range.length;
    return { etag, size: bytes.length, text, arrayBuffer: async () => bytes.slice(offset, end).buffer };
  }

  #keep(key: string, bytes: Uint8Array) {
    const etag = `etag-${++this.#version}`;
    this.objects.set(key, { bytes: Uint8Array.from(bytes), etag });
    return { etag, size: bytes.length };
  }
}
