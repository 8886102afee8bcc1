import { z } from "zod";

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
  status: z.enum(["not_started", "in_progress", "completed", "cancelled", "failed"]),
  backfill_id: z.string(),
  days_completed: z.int(),
  days_total: z.int(),
  days_failed: z.int(),
  progress_percent: z.string(),
  records_processed: z.int(),
  current_date: z.string(),
  rate: z.object({ days_per_hour: z.number().nullable() }),
  estimated_completion: z.string().nullable(),
  reason: z.string().nullable(),
});
export type BackfillStatus = z.infer<typeof statusSchema>;
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

  status(): Promise<BackfillStatus> {
    return this.#ask(statusSchema, "GET", "/backfill/status");
  }

  async #ask<S extends z.ZodType>(
    schema: S,
    method: string,
    path: string,
    body?: Record<string, unknown>,
  ): Promise<z.output<S>> {
    const response = await fetch(`${this.#url}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.#token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new BackfillRefused(response.status, problemText(text, response.status));
    return schema.parse(JSON.parse(text));
  }
}

function problemText(text: string, status: number): string {
  try {
    return problemSchema.parse(JSON.parse(text)).detail;
  } catch {
    return `the backfill Worker answered ${status}`;
  }
}
