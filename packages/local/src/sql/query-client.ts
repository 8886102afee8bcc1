import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { WorkerClient, WorkerRefused, WorkerUnreachable } from "../worker-client.ts";

/** Waits before further tries, ms, if the Worker is busy or unreachable. */
const WAITS_MS = [1_000, 2_000, 5_000, 10_000];

const sitesSchema = z.object({ sites: z.array(z.object({ name: z.string() })) });
const time = z.iso.datetime().nullable();
const pointsSchema = z.object({
  points: z.array(
    z.object({
      name: z.string(),
      unit: z.string().nullable(),
      label: z.string().nullable(),
      tags: z.object({ kv: z.record(z.string(), z.string()), markers: z.array(z.string()) }),
      interval_s: z.int().nullable(),
      configured: z.boolean(),
      first_seen: time,
      last_seen: time,
    }),
  ),
  next_cursor: z.string().nullable(),
});
export type ListedPoint = z.infer<typeof pointsSchema>["points"][number];
const coverageSchema = z.object({
  days: z.array(
    z.object({
      date: z.iso.date(),
      hot: z.object({ hours: z.int() }),
      cold: z.object({ state: z.string(), reason: z.string().nullable(), file: z.string().startsWith("/").nullable() }),
    }),
  ),
});
export type DeployedDay = z.infer<typeof coverageSchema>["days"][number];
const samplesSchema = z.object({
  series: z.array(
    z
      .object({ point_name: z.string(), timestamps: z.array(z.int()), values: z.array(z.number()) })
      .refine(
        ({ timestamps, values }) => timestamps.length === values.length,
        "a series needs as many values as timestamps",
      ),
  ),
  metadata: z.object({ partial: z.boolean() }),
});
export type SamplesAnswer = z.infer<typeof samplesSchema>;

/** The requests of `npm run sql` to a deployment's query Worker. All only read, so each may be repeated. */
export class QueryClient {
  readonly #worker: WorkerClient;
  readonly #waits: readonly number[];
  /** a Worker that never answered is not retried: its address may be wrong */
  #hasAnswered = false;

  /** @param url without a trailing slash @param token the QUERY_TOKEN; null: none needed */
  constructor(url: string, token: string | null, waits: readonly number[] = WAITS_MS) {
    this.#worker = new WorkerClient("query", url, token);
    this.#waits = waits;
  }

  async sites(): Promise<string[]> {
    return (await this.#ask(sitesSchema, "/sites")).sites.map(({ name }) => name);
  }

  async points(site: string): Promise<ListedPoint[]> {
    const points: ListedPoint[] = [];
    let cursor: string | null = null;
    do {
      const search = new URLSearchParams({ limit: "1000", ...(cursor === null ? {} : { cursor }) });
      const page: z.infer<typeof pointsSchema> = await this.#ask(
        pointsSchema,
        `${pathOf(site)}/points?${search.toString()}`,
      );
      points.push(...page.points);
      cursor = page.next_cursor;
    } while (cursor !== null);
    return points;
  }

  /** Each UTC day of [start, end). */
  async days(site: string, start: string, end: string): Promise<DeployedDay[]> {
    const search = new URLSearchParams({ start, end });
    return (await this.#ask(coverageSchema, `${pathOf(site)}/coverage?${search.toString()}`)).days;
  }

  /** The samples of both levels in [start, end), epoch ms. */
  samples(site: string, names: readonly string[], start: number, end: number): Promise<SamplesAnswer> {
    return this.#ask(samplesSchema, `/timeseries/query?${samplesSearch(site, names, start, end)}`);
  }

  /**
   * Downloads a file. `write` starts again from the beginning if it is called again.
   * @param known the ETag of the stored version; null: none stored
   * @returns null: the known version is current
   */
  download<T>(
    address: string,
    known: string | null,
    write: (etag: string, bytes: AsyncIterable<Uint8Array>) => Promise<T>,
  ): Promise<T | null> {
    return this.#patiently(async () => {
      const file = await this.#worker.download(address, known);
      return file === null ? null : write(file.etag, file.bytes);
    });
  }

  #ask<S extends z.ZodType>(schema: S, path: string): Promise<z.output<S>> {
    return this.#patiently(() => this.#worker.ask(schema, "GET", path));
  }

  async #patiently<T>(ask: () => Promise<T>): Promise<T> {
    for (const wait of this.#waits) {
      try {
        const answer = await ask();
        this.#hasAnswered = true;
        return answer;
      } catch (error) {
        if (!this.#mayPass(error)) throw error;
        await sleep(wait);
      }
    }
    return ask();
  }

  #mayPass(error: unknown): boolean {
    if (error instanceof WorkerUnreachable) return this.#hasAnswered;
    if (!(error instanceof WorkerRefused)) return false;
    // A smaller request helps against a timeout; a repeated one does not.
    return error.status === 429 || (error.status >= 502 && error.code !== "query_timeout");
  }
}

/** The query string of a request for raw samples. */
export function samplesSearch(site: string, names: readonly string[], start: number, end: number): string {
  return new URLSearchParams({
    site_name: site,
    point_names: JSON.stringify(names),
    start_time: String(start),
    end_time: String(end),
    interval: "raw",
  }).toString();
}

function pathOf(site: string): string {
  return `/sites/${encodeURIComponent(site)}`;
}
