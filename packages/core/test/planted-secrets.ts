import { vi } from "vitest";

/** No part of a planted secret with this many characters may appear in any output. */
const FRAGMENT_CHARS = 12;

/** A secret of letters and digits, which every encoding except base64 leaves unchanged. */
function secret(name: string, length = 40): string {
  const letters = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
  return Array.from(
    { length },
    (_, i) => letters[(i * i * 7 + i * name.length * 11 + name.charCodeAt(i % name.length)) % 56],
  ).join("");
}

/** The secrets of a tested deployment, and those that a client guesses. */
export const PLANTED = {
  ACE_API_KEY: secret("ACE_API_KEY"),
  ADMIN_TOKEN: secret("ADMIN_TOKEN"),
  QUERY_TOKEN: secret("QUERY_TOKEN"),
  GUESS: secret("a guess of a client"),
  WEBHOOK_PATH: secret("WEBHOOK_PATH"),
} as const;
export const WEBHOOK_URL = `https://hooks.test/services/${PLANTED.WEBHOOK_PATH}`;

function fragments(): string[] {
  return Object.values(PLANTED).flatMap((text) => [
    ...Array.from({ length: text.length - FRAGMENT_CHARS + 1 }, (_, at) => text.slice(at, at + FRAGMENT_CHARS)),
    // With any text before it.
    ...[0, 1, 2].map((before) => btoa(" ".repeat(before) + text).slice(4, 4 + 2 * FRAGMENT_CHARS)),
  ]);
}

/** All outputs of a Worker: its logs, answers and stored data. */
export class Outlets {
  readonly #texts: [where: string, text: string][] = [];

  /** Until `vi.restoreAllMocks()`. */
  watchConsole(): void {
    for (const method of ["log", "info", "warn", "error", "debug"] as const) {
      vi.spyOn(console, method).mockImplementation((...parts: unknown[]) => this.note(`console.${method}`, parts));
    }
  }

  /** An error with its stack and causes, as a runtime would print it. */
  note(where: string, ...values: unknown[]): void {
    for (const value of values.flat()) {
      for (let error = value; error instanceof Error; error = error.cause) {
        this.#texts.push([where, `${error.message} ${error.stack ?? ""}`]);
      }
      this.#texts.push([where, typeof value === "string" ? value : (JSON.stringify(value) ?? "")]);
    }
  }

  async noteAnswer(where: string, response: Response): Promise<number> {
    this.note(where, new TextDecoder().decode(await response.arrayBuffer()), [...response.headers].flat());
    return response.status;
  }

  /** Every row of every table, every key and value, and the metadata of every object. */
  async noteStored(storage: { DB: D1Database; ETL_STATE?: KVNamespace; TIMESERIES: R2Bucket }): Promise<void> {
    const { DB, ETL_STATE, TIMESERIES } = storage;
    const tables = await DB.prepare(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
    ).all<{ name: string }>();
    for (const { name } of tables.results) {
      this.note(`table ${name}`, (await DB.prepare(`SELECT * FROM "${name}"`).all()).results);
    }
    const keys = (await ETL_STATE?.list())?.keys ?? [];
    for (const { name } of keys) this.note("KV", name, await ETL_STATE?.get(name));
    const { objects } = await TIMESERIES.list({ include: ["customMetadata", "httpMetadata"] });
    for (const object of objects) {
      this.note("R2", object.key, object.customMetadata, object.httpMetadata);
      const bytes = await (await TIMESERIES.get(object.key))?.arrayBuffer();
      this.note("R2", new TextDecoder("latin1").decode(bytes));
    }
  }

  get count(): number {
    return this.#texts.length;
  }

  /** The outputs that contain a planted secret or a part of one. */
  leaks(): string[] {
    const wanted = fragments();
    return this.#texts.flatMap(([where, text]) => {
      const found = wanted.find((fragment) => text.includes(fragment));
      return found === undefined
        ? []
        : [`${where}: ${text.slice(Math.max(0, text.indexOf(found) - 80)).slice(0, 200)}`];
    });
  }
}

/** A request as a careless server, runtime or proxy logs it. */
export function quoted(request: Request): string {
  return `${request.method} ${request.url} ${JSON.stringify([...request.headers])}`;
}
