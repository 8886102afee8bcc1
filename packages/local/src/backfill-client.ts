import { z } from "zod";
import { parseJson } from "./parse-json.ts";

const planSchema = z.object({
  days: z.int(),
  days_skipped: z.int(),
  calls: z.number(),
  hours: z.number(),
  samples: z.number(),
  bytes: z.number(),
  cost: z.object({ total: z.number(), r2_storage_per_month: z.number() }),
});
export type BackfillPlan = z.infer<typeof planSchema>;
const startedSchema = z.object({ status: z.literal("started"), backfill_id: z.string(), message: z.string() });
const statusSchema = z.object({
  status: z.enum(["in_progress", "completed", "cancelled", "failed"]),
  backfill_id: z.string(),
  days_completed: z.int(),
  days_total: z.int(),
  days_failed: z.int(),
  days_suspect: z.int(),
  days_empty: z.int(),
  days_skipped: z.int(),
  progress_percent: z.string(),
  records_processed: z.int(),
  start_date: z.string(),
  end_date: z.string(),
  current_date: z.string(),
  started_at: z.iso.datetime(),
  last_updated: z.iso.datetime(),
  rate: z.object({ days_per_hour: z.number().nullable() }),
  estimated_completion: z.string().nullable(),
  reason: z.string().nullable(),
});
export type BackfillStatus = z.infer<typeof statusSchema>;
const statusAnswerSchema = z.union([z.object({ status: z.literal("not_started") }), statusSchema]);
const problemSchema = z.object({ detail: z.string(), code: z.string() });

/** An answer of the backfill Worker that says no. Its text is the Worker's own, and safe to show. */
export class BackfillRefused extends Error {
  readonly status: number;

  constructor(status: number, detail: string) {
    super(detail);
    this.name = "BackfillRefused";
    this.status = status;
  }
}

/** Nothing answers at the Worker's address. */
export class BackfillUnreachable extends Error {
  constructor(url: string, cause: unknown) {
    super(`Nothing answers at ${url}.`, { cause });
    this.name = "BackfillUnreachable";
  }
}

/** The HTTP API of a backfill Worker. */
export class BackfillClient {
  readonly #url: string;
  readonly #token: string;

  /** @param url without a trailing slash @param token the ADMIN_TOKEN */
  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  plan(body: Record<string, unknown>): Promise<BackfillPlan> {
    return this.#ask(planSchema, "POST", "/backfill/plan", body);
  }

  start(body: Record<string, unknown>): Promise<z.infer<typeof startedSchema>> {
    return this.#ask(startedSchema, "POST", "/backfill/start", body);
  }

  /** The backfill that runs, else the last. @throws {BackfillRefused} 404: there never was one */
  async status(): Promise<BackfillStatus> {
    const status = await this.#ask(statusAnswerSchema, "GET", "/backfill/status");
    if (status.status === "not_started") throw new BackfillRefused(404, "No backfill was ever started.");
    return status;
  }

  async #ask<S extends z.ZodType>(
    schema: S,
    method: string,
    path: string,
    body?: Record<string, unknown>,
  ): Promise<z.output<S>> {
    const { status, text } = await this.#send(method, path, body === undefined ? null : JSON.stringify(body));
    if (status < 200 || status > 299) throw new BackfillRefused(status, problemText(text, status));
    const answer = schema.safeParse(parseJson(text));
    if (!answer.success) throw new BackfillRefused(status, `What answers at ${this.#url} is no backfill Worker.`);
    return answer.data;
  }

  async #send(method: string, path: string, body: string | null): Promise<{ status: number; text: string }> {
    const headers = { authorization: `Bearer ${this.#token}`, "content-type": "application/json" };
    try {
      const response = await fetch(`${this.#url}${path}`, { method, headers, body });
      return { status: response.status, text: await response.text() };
    } catch (error) {
      throw new BackfillUnreachable(this.#url, error);
    }
  }
}

function problemText(text: string, status: number): string {
  const problem = problemSchema.safeParse(parseJson(text));
  return problem.success ? problem.data.detail : `The backfill Worker answered ${status}.`;
}
