import { z } from "zod";
import { withD1Retry } from "../d1/retry.ts";
import { countRequest, type JobDay } from "./job-days.ts";

/** The longest delay that a Retry-After can cause, in milliseconds. */
const MAX_HOLD_MS = 300_000;

/** The slowest pace after 429s, in milliseconds between requests. */
const MAX_INTERVAL_MS = 60_000;

/** Each request multiplies an interval lengthened by 429s by this factor; 17 requests halve it. */
const RECOVERY = 0.96;

/**
 * How long a backfill's request yields to settling, in milliseconds. A step that fetches an hour in up to 14 pages
 * still ends within its half hour (FETCH_STEP).
 */
const GIVE_WAY_MS = 120_000;

/** Settling rests after this time without a request, in milliseconds. Then backfills keep the slots that they take. */
const REST_MS = 30_000;

export interface PaceContext {
  readonly db: D1Database;
  /** the setting; 429s lower it for a while */
  readonly requestsPerMinute: number;
  /** `settling`: its requests precede waiting requests of backfills */
  readonly job: "settling" | "backfill";
  /** epoch ms */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/** SQL: the interval after the slot being given. ?2 interval by the setting. */
const INTERVAL = `max(?2, interval_ms * ${RECOVERY})`;

/**
 * Takes a slot after those of settling and the sent requests, before waiting backfills. ?1 now, ?3 the furthest that a
 * slot may lie ahead.
 */
const TAKE_AHEAD = `
INSERT INTO backfill_pace (id, next_at, sent_to, settle_to, interval_ms) VALUES (1, ?1, ?1, ?1 + ?2, ?2)
ON CONFLICT (id) DO UPDATE SET
  interval_ms = ${INTERVAL}, settle_to = min(max(settle_to, sent_to, ?1), ?1 + ?3) + ${INTERVAL}
RETURNING settle_to - interval_ms AS at, 1 AS kept`;

/**
 * Takes a slot after all others. It is kept if it begins now or settling rests. ?1 now, ?3 the furthest that a slot may
 * lie ahead.
 */
const TAKE_IN_LINE = `
INSERT INTO backfill_pace (id, next_at, sent_to, settle_to, interval_ms) VALUES (1, ?1 + ?2, ?1 + ?2, 0, ?2)
ON CONFLICT (id) DO UPDATE SET
  interval_ms = ${INTERVAL}, next_at = min(max(next_at, settle_to, ?1), ?1 + ?3) + ${INTERVAL},
  sent_to = CASE
    WHEN max(next_at, settle_to) <= ?1 OR settle_to + ${REST_MS} <= ?1
    THEN min(max(next_at, settle_to, ?1), ?1 + ?3) + ${INTERVAL} ELSE sent_to
  END
RETURNING next_at - interval_ms AS at, sent_to = next_at AS kept`;

/**
 * Keeps a slot that is due, unless settling took it meanwhile. The tolerance absorbs rounding of summed times. ?1 the
 * slot.
 */
const KEEP = `
UPDATE backfill_pace SET sent_to = max(sent_to, ?1 + interval_ms) WHERE id = 1 AND settle_to <= ?1 + 0.1 RETURNING 1`;

/** ?1 now, ?2 interval by the setting, ?3 how long no request is allowed, ?4 the slowest interval. */
const SLOW_DOWN = `
INSERT INTO backfill_pace (id, next_at, sent_to, settle_to, interval_ms)
VALUES (1, ?1 + ?3, ?1, ?1 + ?3, min(?2 * 2, ?4))
ON CONFLICT (id) DO UPDATE SET
  interval_ms = min(max(?2, interval_ms) * 2, max(?2, ?4)), next_at = max(next_at, ?1 + ?3), settle_to = max(settle_to, ?1 + ?3)`;

const slotSchema = z.tuple([z.object({ at: z.number(), kept: z.int() })]);

/** A request for a day of a job. */
export interface DayRequest {
  readonly day: JobDay;
  readonly isRetry: boolean;
}

/**
 * One budget for all requests of settling and backfills, across sites, instances and machines. Each request takes a
 * free slot; slots are one interval apart. Settling goes first. A slot whose answer is lost stays unused.
 */
export class RequestPace {
  readonly #context: PaceContext;

  constructor(context: PaceContext) {
    this.#context = context;
  }

  get #interval(): number {
    return 60_000 / this.#context.requestsPerMinute;
  }

  /** Waits for a free slot. @param request counted with the slot; absent: it belongs to no day */
  async take(request?: DayRequest): Promise<void> {
    const { db, job, now, sleep } = this.#context;
    const asked = now();
    let counted = request === undefined ? [] : [countRequest(db, request.day, request.isRetry)];
    for (;;) {
      const isAhead = job === "settling" || now() - asked >= GIVE_WAY_MS;
      const { at, isKept } = await this.#takeSlot(isAhead ? TAKE_AHEAD : TAKE_IN_LINE, counted);
      counted = [];
      const wait = Math.ceil(at - now());
      if (wait > 0) await sleep(wait);
      if (isKept || (await withD1Retry(() => db.prepare(KEEP).bind(at).first())) !== null) return;
    }
  }

  async #takeSlot(sql: string, beside: readonly D1PreparedStatement[]): Promise<{ at: number; isKept: boolean }> {
    const { db, now } = this.#context;
    const take = db.prepare(sql).bind(now(), this.#interval, MAX_HOLD_MS);
    const [slot] = await withD1Retry(() => db.batch([take, ...beside]));
    const [{ at, kept }] = slotSchema.parse(slot?.results);
    return { at, isKept: kept === 1 };
  }

  /** Halves the pace after a 429, and delays all requests by the upstream's Retry-After. */
  async slowDown(retryAfterMs: number): Promise<void> {
    const { db, now } = this.#context;
    const hold = Math.min(retryAfterMs, MAX_HOLD_MS);
    const statement = db.prepare(SLOW_DOWN).bind(now(), this.#interval, hold, MAX_INTERVAL_MS);
    await withD1Retry(() => statement.run());
  }
}
