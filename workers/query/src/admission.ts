import { Problem } from "@building-vitals/core/domain/problem";

/** A bound on what requests hold at once, and how long a request waits for its share. */
export interface AdmissionLimits {
  /** values that large requests hold together; a request that needs more takes all of them */
  readonly values: number;
  /** values that small requests hold together, so that they never wait for a large one */
  readonly smallValues: number;
  /** a request of at most so many values is small */
  readonly small: number;
  /** the longest wait, milliseconds; then the request is refused */
  readonly waitMs: number;
  /** a request that made no progress for so long has died without a word, milliseconds */
  readonly leaseMs: number;
}

/**
 * One chart of 100 points over a year takes most of `values` (docs/decisions/0018-load.md). A dashboard waits 30 s for an
 * answer. A query that is alive makes progress within 25 s while it reads, and within 30 s while it is sent.
 */
export const ADMISSION: AdmissionLimits = {
  values: 1_400_000,
  smallValues: 400_000,
  small: 100_000,
  waitMs: 10_000,
  leaseMs: 60_000,
};

/** A request's share. */
export interface Permit {
  /** Gives back what exceeds this. */
  shrinkTo(values: number): void;
  /** Tells that the request is alive. */
  touch(): void;
  /** Gives the share back; the second call does nothing. */
  release(): void;
}

interface Entry {
  values: number;
  /** when it last made progress, or began to wait; epoch ms */
  seen: number;
  /** null: it was admitted */
  admit: (() => void) | null;
}

/** Requests that share a number of values: admitted in the order in which they came. */
class Lane {
  readonly #capacity: number;
  readonly #limits: AdmissionLimits;
  readonly #now: () => number;
  readonly #held = new Set<Entry>();
  readonly #waiting = new Set<Entry>();

  constructor(capacity: number, limits: AdmissionLimits, now: () => number) {
    this.#capacity = capacity;
    this.#limits = limits;
    this.#now = now;
  }

  get held(): number {
    return [...this.#held].reduce((sum, { values }) => sum + values, 0);
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  async enter(values: number, signal: AbortSignal): Promise<Permit> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const entry: Entry = { values: Math.min(values, this.#capacity), seen: this.#now(), admit: resolve };
    // When the client is gone, workerd runs this listener and then nothing more of the request: no `finally` either.
    signal.addEventListener("abort", () => {
      this.#end(entry);
      reject(signal.reason);
    });
    this.#waiting.add(entry);
    this.#admitNext();
    if (entry.admit !== null) await this.#wait(entry, promise, reject);
    return {
      shrinkTo: (now) => {
        entry.values = Math.min(entry.values, now);
        this.#admitNext();
      },
      touch: () => (entry.seen = this.#now()),
      release: () => this.#end(entry),
    };
  }

  async #wait(entry: Entry, admitted: Promise<void>, reject: (reason: unknown) => void): Promise<void> {
    // The request needs a timer of its own: workerd ends a request that waits for other requests alone.
    const timer = setTimeout(() => {
      if (entry.admit === null) return;
      this.#end(entry);
      const seconds = this.#limits.waitMs / 1000;
      reject(
        new Problem("busy", `Other queries hold the memory; this one waited ${seconds} s. Try again in a moment.`),
      );
    }, this.#limits.waitMs);
    try {
      await admitted;
    } finally {
      clearTimeout(timer);
    }
  }

  #end(entry: Entry): void {
    const wasThere = this.#waiting.delete(entry) || this.#held.delete(entry);
    if (wasThere) this.#admitNext();
  }

  #admitNext(): void {
    const now = this.#now();
    for (const entry of this.#held) if (now - entry.seen > this.#limits.leaseMs) this.#held.delete(entry);
    for (const entry of this.#waiting) {
      // A live request has left by itself at that time.
      if (now - entry.seen > 2 * this.#limits.waitMs) this.#waiting.delete(entry);
      else if (this.held + entry.values > this.#capacity) break;
      else {
        this.#waiting.delete(entry);
        this.#held.add(entry);
        entry.seen = now;
        // The continuation runs in the context of the request that waits for the promise.
        entry.admit?.();
        entry.admit = null;
      }
    }
  }
}

/**
 * Bounds the values that an isolate's requests hold at once. Large and small requests have room of their own; each kind
 * is admitted in the order in which it came.
 */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #small: Lane;
  readonly #large: Lane;

  /** @param now epoch ms */
  constructor(limits: AdmissionLimits, now: () => number) {
    this.#limits = limits;
    this.#small = new Lane(limits.smallValues, limits, now);
    this.#large = new Lane(limits.values, limits, now);
  }

  /** Values that requests hold, and requests that wait. */
  get state(): { readonly held: number; readonly waiting: number } {
    const [small, large] = [this.#small, this.#large];
    return { held: small.held + large.held, waiting: small.waiting + large.waiting };
  }

  /**
   * Waits for a share. It is given back when the signal aborts, at the latest.
   * @throws {Problem} `busy` after the longest wait; the signal's reason
   */
  enter(values: number, signal: AbortSignal): Promise<Permit> {
    return (values <= this.#limits.small ? this.#small : this.#large).enter(values, signal);
  }
}
