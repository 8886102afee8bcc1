import { createHash } from "node:crypto";

interface Stored {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly etag: string;
  readonly uploaded: Date;
  readonly httpMetadata: R2HTTPMetadata;
  readonly customMetadata: Record<string, string>;
}

type Content = ReadableStream | ArrayBuffer | ArrayBufferView | string | null | Blob;

interface PutOptions {
  readonly onlyIf?: R2Conditional;
  /** hex */
  readonly sha256?: string;
  readonly httpMetadata?: R2HTTPMetadata;
  readonly customMetadata?: Record<string, string>;
}

/** R2's limit of one list */
const MAX_LISTED = 1000;

/**
 * An R2 bucket in memory. Tests inside workerd that repeat a run many times use it, because a call of Miniflare's R2
 * takes 1 to 3 ms of CPU. `memory-r2.test.ts` compares both. It has no multipart uploads (`SmallParts` adds them).
 */
export class MemoryR2 {
  readonly #objects = new Map<string, Stored>();

  async head(key: string) {
    const stored = this.#objects.get(key);
    return stored === undefined ? null : metadataOf(key, stored);
  }

  async get(key: string, { range, onlyIf }: { range?: R2Range; onlyIf?: R2Conditional } = {}) {
    const stored = this.#objects.get(key);
    if (stored === undefined) return null;
    if (!isMet(onlyIf, stored)) return metadataOf(key, stored);
    const bytes = within(stored.bytes, range);
    return {
      ...metadataOf(key, stored),
      get body() {
        return new Response(bytes).body!;
      },
      arrayBuffer: async () => bytes.slice().buffer,
      bytes: async () => bytes.slice(),
      text: async () => new TextDecoder().decode(bytes),
      json: async (): Promise<unknown> => JSON.parse(new TextDecoder().decode(bytes)),
    };
  }

  async put(key: string, content: Content, options: PutOptions = {}) {
    const bytes = await bytesOf(content);
    const { onlyIf, sha256, httpMetadata = {}, customMetadata = {} } = options;
    if (!isMet(onlyIf, this.#objects.get(key))) return null;
    const actual = createHash("sha256").update(bytes).digest("hex");
    if (sha256 !== undefined && sha256 !== actual) {
      throw new Error(
        `put: The SHA-256 checksum you specified did not match what we received.
You provided a SHA-256 checksum with value: ${sha256}
Actual SHA-256 was: ${actual} (10037)`,
      );
    }
    const etag = createHash("md5").update(bytes).digest("hex");
    const stored = { bytes, etag, uploaded: new Date(), httpMetadata, customMetadata };
    this.#objects.set(key, stored);
    return metadataOf(key, stored);
  }

  async delete(keys: string | string[]): Promise<void> {
    for (const key of [keys].flat()) this.#objects.delete(key);
  }

  async list({ prefix = "", cursor = "", limit = MAX_LISTED, include = [] }: R2ListOptions = {}) {
    const all = [...this.#objects].filter(([key]) => key.startsWith(prefix) && key > cursor);
    const page = all.sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, limit);
    const objects = page.map(([key, stored]) => {
      const { httpMetadata, customMetadata, ...rest } = metadataOf(key, stored);
      return {
        ...rest,
        httpMetadata: include.includes("httpMetadata") ? httpMetadata : {},
        customMetadata: include.includes("customMetadata") ? customMetadata : {},
      };
    });
    const truncated = all.length > page.length;
    return { objects, truncated, delimitedPrefixes: [], ...(truncated ? { cursor: page.at(-1)![0] } : {}) };
  }
}

function metadataOf(key: string, { bytes, etag, uploaded, httpMetadata, customMetadata }: Stored) {
  return { key, etag, httpEtag: `"${etag}"`, size: bytes.length, uploaded, httpMetadata, customMetadata };
}

function isMet({ etagMatches, etagDoesNotMatch }: R2Conditional = {}, stored: Stored | undefined): boolean {
  if (etagMatches !== undefined && stored?.etag !== etagMatches) return false;
  if (etagDoesNotMatch === "*") return stored === undefined;
  return etagDoesNotMatch === undefined || stored?.etag !== etagDoesNotMatch;
}

function within(bytes: Uint8Array<ArrayBuffer>, range: R2Range | undefined): Uint8Array<ArrayBuffer> {
  if (range === undefined) return bytes;
  if ("suffix" in range) return bytes.subarray(Math.max(0, bytes.length - range.suffix));
  const { offset = 0, length = bytes.length } = range;
  if (offset >= bytes.length) throw new Error("get: The requested range is not satisfiable (10039)");
  return bytes.subarray(offset, offset + length);
}

/** A copy, because the caller may go on to write into what it gave. */
async function bytesOf(content: Content): Promise<Uint8Array<ArrayBuffer>> {
  if (content instanceof ArrayBuffer) return new Uint8Array(content.slice(0));
  if (ArrayBuffer.isView(content)) {
    return Uint8Array.from(new Uint8Array(content.buffer, content.byteOffset, content.byteLength));
  }
  return new Uint8Array(await new Response(content).arrayBuffer());
}
