import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { parseJson } from "../parse-json.ts";
import { refusalOf } from "../refusal.ts";

const count = z.int().min(0);
const importedSchema = z.object({
  received: count,
  stored: count,
  present: count,
  kept: count,
  rejected: z.record(z.string(), count),
});
export type Imported = z.infer<typeof importedSchema>;
const dueSchema = z.object({ sites: z.array(z.object({ site: z.string() })) });
const statusSchema = z.object({
  sites: z.array(z.object({ name: z.string(), settling: z.object({ due: count }) })),
});

/** A permanent refusal of the etl Worker. Its text is the Worker's own. */
export class ImportRefused extends Error {
  override readonly name = "ImportRefused";
  readonly code: string;

  constructor(code: string, detail: string) {
    super(detail);
    this.code = code;
  }
}

/** Waits before further tries, ms, after no answer, a 429 or a 5xx. */
const WAITS_MS = [1_000, 2_000, 5_000, 10_000, 20_000];

/** The requests of an import to an etl Worker. Each may be repeated. */
export class ImportClient {
  readonly #url: string;
  readonly #token: string;
  readonly #waits: readonly number[];

  /** @param url without a trailing slash @param token the ADMIN_TOKEN */
  constructor(url: string, token: string, waits: readonly number[] = WAITS_MS) {
    this.#url = url;
    this.#token = token;
    this.#waits = waits;
  }

  /** @param body of `POST /import` @throws {ImportRefused} */
  import(body: string): Promise<Imported> {
    return this.#post(importedSchema, "/import", body);
  }

  /** Schedules a day to be settled. @throws {ImportRefused} */
  async settle(site: string, day: string): Promise<void> {
    await this.#post(dueSchema, "/settle", JSON.stringify({ site, day }));
  }

  /** The number of a site's days that wait to be settled; null: unknown. */
  async daysDue(site: string): Promise<number | null> {
    try {
      const status = statusSchema.safeParse(await (await fetch(`${this.#url}/status`)).json());
      return status.data?.sites.find(({ name }) => name === site)?.settling.due ?? null;
    } catch {
      return null;
    }
  }

  async #post<S extends z.ZodType>(schema: S, path: string, body: string): Promise<z.output<S>> {
    for (const wait of [...this.#waits, null]) {
      const { status, text } = await this.#send(path, body);
      if (status === 200 || status === 202) {
        const answer = schema.safeParse(parseJson(text));
        if (answer.success) return answer.data;
        throw new ImportRefused("no_etl", `No etl Worker of this version answers at ${this.#url}.`);
      }
      const mayPass = status === 0 || status === 429 || status >= 500;
      if (!mayPass || wait === null) {
        if (status === 0) throw new ImportRefused("no_answer", `Nothing answers at ${this.#url}.`);
        const { code, text: why } = refusalOf("etl", this.#url, status, text);
        throw new ImportRefused(code ?? "no_answer", why);
      }
      await sleep(wait);
    }
    throw new Error("unreachable");
  }

  /** status 0: no answer */
  async #send(path: string, body: string): Promise<{ status: number; text: string }> {
    const headers = { authorization: `Bearer ${this.#token}`, "content-type": "application/json" };
    try {
      const response = await fetch(`${this.#url}${path}`, { method: "POST", headers, body, redirect: "manual" });
      return { status: response.status, text: await response.text() };
    } catch {
      return { status: 0, text: "" };
    }
  }
}
