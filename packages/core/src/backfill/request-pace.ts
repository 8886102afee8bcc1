import { z } from "zod";
import { withD1Retry } from "../d1/retry.ts";
import { countRequest, type JobDay } from "./job-days.ts";

/** The longest that a Retry-After can hold everything up, in milliseconds. */
const MAX_HOLD_MS = 300_000;

/** The slowest pace that 429s can lead to, in milliseconds between requests. */
const MAX_INTERVAL_MS = 60_000;

/** What each request leaves of an interval that 429s made longer: 17 requests halve it. */
const RECOVERY = 0.96;

/**
 * How long a backfill's request gives way to settling, in milliseconds: a step that fetches an hour in up to 14 pages still ends within
 * its half an hour (FETCH_STEP).
 */
const GIVE_WAY_MS = 120_000;

/** Settling that sent no request for so long, in milliseconds, rests: backfills keep the slots that they are given. */
const REST_MS = 30_000;

export interface PaceContext {
  readonly db: D1Database;
  /** the setting; 429s make it slower for a while */
  readonly requestsPerMinute: number;
  /** `settling`: its requests go ahead of those of backfills that wait */
  readonly job: "settling" | "backfill";
  /** epoch ms */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/** In SQL: the interval behind a slot that is given now. ?2: interval by the setting. */
const INTERVAL = `max(?2, interval_ms * ${RECOVERY})`;

/** Behind the settling's slots and what was sent, ahead of backfills that wait. ?1 now, ?3 the most that a slot may lie ahead. */
const TAKE_AHEAD = `
INSERT INTO backfill_pace (id, next_at, sent_to, settle_to, interval_ms) VALUES (1, ?1, ?1, ?1 + ?2, ?2)
ON CONFLICT (id) DO UPDATE SET
  interval_ms = ${INTERVAL}, settle_to = min(max(settle_to, sent_to, ?1), ?1 + ?3) + ${INTERVAL}
RETURNING settle_to - interval_ms AS at, 1 AS kept`;

/** Behind all slots. Kept where it begins now or settling rests. ?1 now, ?3 the most that a slot may lie ahead. */
const TAKE_IN_LINE = `
INSERT INTO backfill_pace (id, next_at, sent_to, settle_to, interval_ms) VALUES (1, ?1 + ?2, ?1 + ?2, 0, ?2)
ON CONFLICT (id) DO UPDATE SET
  interval_ms = ${INTERVAL}, next_at = min(max(next_at, settle_to, ?1), ?1 + ?3) + ${INTERVAL},
  sent_to = CASE
    WHEN max(next_at, settle_to) <= ?1 OR settle_to + ${REST_MS} <= ?1
    THEN min(max(next_at, settle_to, ?1), ?1 + ?3) + ${INTERVAL} ELSE sent_to
  END
RETURNING next_at - interval_ms AS at, sent_to = next_at AS kept`;

/** Keeps a slot that has come, unless settling took it meanwhile. Sums of times are rounded. ?1: the slot. */
const KEEP = `
UPDATE backfill_pace SET sent_to = max(sent_to, ?1 + interval_ms) WHERE id = 1 AND settle_to <= ?1 + 0.1 RETURNING 1`;

/** ?1 now, ?2 interval by the setting, ?3 how long nobody may ask, ?4 the slowest interval. */
const SLOW_DOWN = `
INSERT INTO backfill_pace (id, next_at, sent_to, settle_to, interval_ms)
VALUES (1, ?1 + ?3, ?1, ?1 + ?3, min(?2 * 2, ?4))
ON CONFLICT (id) DO UPDATE SET
  interval_ms = min(max(?2, interval_ms) * 2, max(?2, ?4)), next_at = max(next_at, ?1 + ?3), settle_to = max(settle_to, ?1 + ?3)`;

const slotSchema = z.tuple([z.object({ at: z.number(), kept: z.int() })]);

/** A request that is made for a day of a job. */
export interface DayRequest {
  readonly day: JobDay;
  readonly isRetry: boolean;
}

/**
 * One budget for all requests of settling and backfills, across sites, instances and machines: each request takes a
 * free slot, and slots lie one interval apart. Settling goes first. A slot whose answer is lost stays unused.
 */
export class RequestPace {
  readonly #context: PaceContext;

  constructor(context: PaceContext) {
    this.#context = context;
  }

  get #interval(): number {
    return 60_000 / this.#context.requestsPerMinute;
  }

  /** Waits for a free slot. @param request is counted with it; absent: it is for no day */
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

  /** Halves the pace after a 429, and lets nobody ask before the upstream wants to be asked. */
  async slowDown(retryAfterMs: number): Promise<void> {
    const { db, now } = this.#context;
    const hold = Math.min(retryAfterMs, MAX_HOLD_MS);
    const statement = db.prepare(SLOW_DOWN).bind(now(), this.#interval, hold, MAX_INTERVAL_MS);
    await withD1Retry(() => statement.run());
  }
}
