import { z } from "zod";
import { withD1Retry } from "../d1/retry.ts";
import { countRequest, type JobDay } from "./job-days.ts";

/** The longest that a Retry-After can hold everything up, in milliseconds. */
const MAX_HOLD_MS = 300_000;

/** The slowest pace that 429s can lead to, in milliseconds between requests. */
const MAX_INTERVAL_MS = 60_000;

/** What each request leaves of an interval that 429s made longer: 17 requests halve it. */
const RECOVERY = 0.96;

export interface PaceContext {
  readonly db: D1Database;
  /** the setting; 429s make it slower for a while */
  readonly requestsPerMinute: number;
  /** epoch ms */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/** ?1 now, ?2 interval by the setting, ?3 the most that a slot may lie ahead. */
const TAKE_SLOT = `
INSERT INTO backfill_pace (id, next_at, interval_ms) VALUES (1, ?1 + ?2, ?2)
ON CONFLICT (id) DO UPDATE SET
  interval_ms = max(?2, interval_ms * ${RECOVERY}),
  next_at = min(max(next_at, ?1), ?1 + ?3) + max(?2, interval_ms * ${RECOVERY})
RETURNING next_at - interval_ms AS at`;

/** ?1 now, ?2 interval by the setting, ?3 how long nobody may ask, ?4 the slowest interval. */
const SLOW_DOWN = `
INSERT INTO backfill_pace (id, next_at, interval_ms) VALUES (1, ?1 + ?3, min(?2 * 2, ?4))
ON CONFLICT (id) DO UPDATE SET
  interval_ms = min(max(?2, interval_ms) * 2, max(?2, ?4)), next_at = max(next_at, ?1 + ?3)`;

const slotSchema = z.tuple([z.object({ at: z.number() })]);

/** A request that is made for a day of a job. */
export interface DayRequest {
  readonly day: JobDay;
  readonly isRetry: boolean;
}

/**
 * One budget of requests for all that the backfill asks, whatever site, instance or machine it is for: each request
 * takes the next free slot, and slots lie one interval apart. A slot whose answer is lost stays unused.
 */
export class RequestPace {
  readonly #context: PaceContext;

  constructor(context: PaceContext) {
    this.#context = context;
  }

  get #interval(): number {
    return 60_000 / this.#context.requestsPerMinute;
  }

  /** Waits for the next free slot. @param request is counted with it; absent: it is for no day */
  async take(request?: DayRequest): Promise<void> {
    const { db, now, sleep } = this.#context;
    const asked = now();
    const statements = [db.prepare(TAKE_SLOT).bind(asked, this.#interval, MAX_HOLD_MS)];
    if (request !== undefined) statements.push(countRequest(db, request.day, request.isRetry));
    const [slot] = await withD1Retry(() => db.batch(statements));
    const [{ at }] = slotSchema.parse(slot?.results);
    const wait = Math.ceil(at - now());
    if (wait > 0) await sleep(wait);
  }

  /** Halves the pace after a 429, and lets nobody ask before the upstream wants to be asked. */
  async slowDown(retryAfterMs: number): Promise<void> {
    const { db, now } = this.#context;
    const hold = Math.min(retryAfterMs, MAX_HOLD_MS);
    const statement = db.prepare(SLOW_DOWN).bind(now(), this.#interval, hold, MAX_INTERVAL_MS);
    await withD1Retry(() => statement.run());
  }
}
