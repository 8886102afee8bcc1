import { createHash } from "node:crypto";
import { freeBytes } from "../bytes/free-bytes.ts";

/** R2 requires equal parts of at least 5 MiB; only the last may be shorter. */
export const PART_BYTES = 8 * 1024 * 1024;

const FIRST_BUFFER_BYTES = 64 * 1024;

interface UploadOptions {
  httpMetadata: { contentType: string };
}

interface UploadedPart {
  partNumber: number;
  etag: string;
}

interface UploadedObject {
  readonly etag: string;
  readonly size: number;
}

interface PartUpload {
  uploadPart(partNumber: number, bytes: Uint8Array<ArrayBuffer>): Promise<UploadedPart>;
  complete(parts: UploadedPart[]): Promise<UploadedObject>;
  abort(): Promise<void>;
}

/** The part of R2Bucket that a sink uses. */
export interface UploadBucket {
  put(
    key: string,
    bytes: Uint8Array<ArrayBuffer>,
    options: UploadOptions & { sha256: string },
  ): Promise<UploadedObject>;
  createMultipartUpload(key: string, options: UploadOptions): Promise<PartUpload>;
}

/** A stored object. */
export interface StoredObject {
  readonly etag: string;
  readonly bytes: number;
  /** of all bytes, lowercase hexadecimal */
  readonly sha256: string;
}

/** Takes a file's bytes in order. After an error, only `abort` may be called. */
export interface ByteSink {
  /** copies the bytes before it resolves */
  write(bytes: Uint8Array): Promise<void>;
  finish(): Promise<StoredObject>;
  /** discards the file: nothing is stored */
  abort(): Promise<void>;
}

const OPTIONS: UploadOptions = { httpMetadata: { contentType: "application/vnd.apache.parquet" } };

/**
 * Stores bytes under a key of R2 and replaces the object as a whole when it finishes. It puts a file of one part, and
 * uploads a larger one in equal parts. Memory: one part.
 */
export class MultipartSink implements ByteSink {
  readonly #bucket: UploadBucket;
  readonly #key: string;
  readonly #partBytes: number;
  readonly #hash = createHash("sha256");
  readonly #parts: UploadedPart[] = [];
  #upload: PartUpload | null = null;
  #buffer = new Uint8Array(FIRST_BUFFER_BYTES);
  #used = 0;
  #total = 0;

  constructor(bucket: UploadBucket, key: string, partBytes = PART_BYTES) {
    this.#bucket = bucket;
    this.#key = key;
    this.#partBytes = partBytes;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes);
    this.#total += bytes.length;
    for (let at = 0; at < bytes.length;) {
      // Only when more bytes come: a file of exactly one part is put.
      if (this.#used === this.#partBytes) await this.#uploadPart();
      const piece = bytes.subarray(at, at + this.#partBytes - this.#used);
      this.#reserve(this.#used + piece.length);
      this.#buffer.set(piece, this.#used);
      this.#used += piece.length;
      at += piece.length;
    }
  }

  async finish(): Promise<StoredObject> {
    const sha256 = this.#hash.digest("hex");
    const stored = await this.#store(sha256);
    freeBytes(this.#buffer);
    if (stored.size !== this.#total) throw new Error(`${this.#key}: stored ${stored.size} bytes of ${this.#total}`);
    return { etag: stored.etag, bytes: this.#total, sha256 };
  }

  async abort(): Promise<void> {
    await this.#upload?.abort();
  }

  async #store(sha256: string): Promise<UploadedObject> {
    if (this.#upload === null) {
      // R2 refuses the put if the received bytes have another hash.
      return this.#bucket.put(this.#key, this.#buffer.subarray(0, this.#used), { ...OPTIONS, sha256 });
    }
    await this.#uploadPart();
    return this.#upload.complete(this.#parts);
  }

  async #uploadPart(): Promise<void> {
    this.#upload ??= await this.#bucket.createMultipartUpload(this.#key, OPTIONS);
    this.#parts.push(await this.#upload.uploadPart(this.#parts.length + 1, this.#buffer.subarray(0, this.#used)));
    this.#used = 0;
  }

  #reserve(size: number): void {
    if (size <= this.#buffer.length) return;
    const grown = Math.min(this.#partBytes, Math.max(size, 2 * this.#buffer.length));
    this.#buffer = new Uint8Array(this.#buffer.buffer.transfer(grown));
  }
}
