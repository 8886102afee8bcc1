import { createHash } from "node:crypto";
import type { Process, World } from "./world.ts";

interface StoredObject {
  readonly key: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly etag: string;
  /** epoch ms */
  readonly uploaded: number;
  readonly customMetadata: Record<string, string>;
}

/** The body of an object while it is copied into another one. */
class Body {
  readonly bytes: Uint8Array<ArrayBuffer>;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.bytes = bytes;
  }
}

interface GetOptions {
  readonly range?: { readonly offset: number; readonly length: number } | { readonly suffix: number };
  readonly onlyIf?: { readonly etagMatches: string };
}

interface PutOptions {
  readonly onlyIf?: { readonly etagMatches?: string; readonly etagDoesNotMatch?: string };
  readonly sha256?: string;
  readonly customMetadata?: Record<string, string>;
}

/** R2 lists at most 1,000 objects a page. Fewer here, so that a few objects make several pages. */
const LISTED_AT_ONCE = 10;

/** The parts of R2 that the code uses: ETags, conditions, ranges, hashes, paged lists. */
export class SimulatedBucket {
  readonly objects = new Map<string, StoredObject>();
  /** called for every object that a process reads */
  onGet: (key: string, by: Process) => void = () => undefined;
  /** called for every object that was put */
  onPut: (key: string) => void = () => undefined;

  /** The bucket as bound to a process. */
  boundTo(world: World, process: Process) {
    const call = <T>(what: string, execute: () => T) => world.io(process, "r2", what, execute);
    const withBody = (object: StoredObject, bytes: Uint8Array<ArrayBuffer>) => ({
      ...metadataOf(object),
      body: new Body(bytes),
      arrayBuffer: () => call(`body ${object.key}`, () => bytes.slice().buffer),
      text: () => call(`body ${object.key}`, () => new TextDecoder().decode(bytes)),
    });
    return {
      head: (key: string) =>
        call(`head ${key}`, () => {
          const object = this.objects.get(key);
          return object === undefined ? null : metadataOf(object);
        }),
      get: (key: string, options: GetOptions = {}) =>
        call(`get ${key}`, () => {
          this.onGet(key, process);
          const object = this.objects.get(key);
          if (object === undefined) return null;
          if (options.onlyIf !== undefined && options.onlyIf.etagMatches !== object.etag) return metadataOf(object);
          return withBody(object, rangeOf(object.bytes, options.range));
        }),
      put: (key: string, content: Uint8Array<ArrayBuffer> | Body | string, options: PutOptions = {}) => {
        const given = typeof content === "string" ? new TextEncoder().encode(content) : content;
        // Copies the bytes at once, because the caller may reuse its buffer.
        const bytes = (given instanceof Body ? given.bytes : given).slice();
        return call(`put ${key}`, () => this.#put(world, key, bytes, options));
      },
      delete: (given: string | readonly string[]) => {
        const keys = typeof given === "string" ? [given] : given;
        return call(`delete ${keys.length}`, () => {
          for (const key of keys) this.objects.delete(key);
        });
      },
      list: ({ prefix, cursor }: { readonly prefix: string; readonly cursor?: string }) =>
        call(`list ${prefix}`, () => {
          const keys = [...this.objects.keys()].filter((key) => key.startsWith(prefix)).sort();
          const from = cursor === undefined ? keys : keys.filter((key) => key > cursor);
          const page = from.slice(0, LISTED_AT_ONCE);
          const objects = page.map((key) => metadataOf(this.objects.get(key)!));
          const truncated = from.length > page.length;
          return { objects, truncated, ...(truncated ? { cursor: page.at(-1)! } : {}) };
        }),
    };
  }

  #put(world: World, key: string, bytes: Uint8Array<ArrayBuffer>, { onlyIf, sha256, customMetadata }: PutOptions) {
    const before = this.objects.get(key);
    if (onlyIf?.etagMatches !== undefined && before?.etag !== onlyIf.etagMatches) return null;
    if (onlyIf?.etagDoesNotMatch === "*" && before !== undefined) return null;
    if (sha256 !== undefined && createHash("sha256").update(bytes).digest("hex") !== sha256) {
      throw new Error("put: The SHA-256 checksum you specified did not match what we received. (10037)");
    }
    // As in R2, equal bytes have equal ETags.
    const etag = createHash("md5").update(bytes).digest("hex");
    const object = { key, bytes, etag, uploaded: world.clock, customMetadata: customMetadata ?? {} };
    this.objects.set(key, object);
    this.onPut(key);
    return metadataOf(object);
  }
}

function metadataOf({ key, etag, bytes, uploaded, customMetadata }: StoredObject) {
  return { key, etag, size: bytes.length, uploaded: new Date(uploaded), customMetadata };
}

function rangeOf(bytes: Uint8Array<ArrayBuffer>, range: GetOptions["range"]): Uint8Array<ArrayBuffer> {
  if (range === undefined) return bytes;
  if ("suffix" in range) return bytes.slice(Math.max(0, bytes.length - range.suffix));
  if (range.offset >= bytes.length) throw new Error("get: The requested range is not satisfiable (10039)");
  return bytes.slice(range.offset, range.offset + range.length);
}
