import { createHash } from "node:crypto";
import { mkdirSync, readdirSync } from "node:fs";
import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { QueryClient } from "./query-client.ts";

/** Day files of deployments, cached on this machine by ETag. */
export class DayFileCache {
  readonly #folder: string;
  readonly #url: string;
  readonly #client: Pick<QueryClient, "download">;

  /** @param folder created with its first file @param url of the deployment */
  constructor(folder: string, url: string, client: Pick<QueryClient, "download">) {
    this.#folder = folder;
    this.#url = url;
    this.#client = client;
  }

  /**
   * The current file of a day.
   * @param address the file's path at the deployment
   * @returns its path on this machine, and the bytes fetched: 0 if the cached file is current
   * @throws {WorkerRefused} {WorkerUnreachable}
   */
  async file(site: string, date: string, address: string): Promise<{ readonly path: string; readonly bytes: number }> {
    // A hash, because a site's name has up to 200 characters of any kind.
    const name = createHash("sha256").update(`${this.#url}\n${site}`).digest("hex").slice(0, 32);
    const folder = join(this.#folder, name);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const kept = readdirSync(folder).find((file) => file.startsWith(`${date}.`) && file.endsWith(".parquet"));
    const etag = kept?.slice(`${date}.`.length, -".parquet".length) ?? null;
    const fetched = await this.#client.download(address, etag, async (current, bytes) => {
      const path = join(folder, `${date}.${current}.parquet`);
      return { path, bytes: await store(path, bytes) };
    });
    if (fetched === null) return { path: join(folder, `${date}.${etag}.parquet`), bytes: 0 };
    if (kept !== undefined && fetched.path !== join(folder, kept)) await rm(join(folder, kept), { force: true });
    return fetched;
  }
}

/** Writes the whole file or none. @returns its size in bytes */
async function store(path: string, bytes: AsyncIterable<Uint8Array>): Promise<number> {
  const part = `${path}.${process.pid}.part`;
  let size = 0;
  const counted = async function* () {
    for await (const piece of bytes) {
      size += piece.length;
      yield piece;
    }
  };
  try {
    await writeFile(part, counted(), { mode: 0o600 });
    await rename(part, path);
  } finally {
    await rm(part, { force: true });
  }
  return size;
}
