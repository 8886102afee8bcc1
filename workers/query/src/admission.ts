import { Problem } from "@building-vitals/core/domain/problem";

/** Limits of what requests hold at once, and of how long a request waits. */
export interface AdmissionLimits {
  /** values that large requests hold together; a request that needs more takes all of them */
  readonly values: number;
  /** values that small requests hold together, so that they never wait for a large one */
  readonly smallValues: number;
  /** a request of at most this many values is small */
  readonly small: number;
  /** longest wait, ms; then the request is refused */
  readonly waitMs: number;
  /** lease, ms: a request without progress for this long counts as dead */
  readonly leaseMs: number;
}

/**
 * One chart of 100 points over a year takes most of `values` (docs/decisions/0018-load.md). A dashboard waits 30 s for
 * an answer. A live query makes progress within 25 s while it reads, and within 30 s while it is sent.
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
  /** Gives back what exceeds `values`. */
  shrinkTo(values: number): void;
  /** Renews the lease. */
  touch(): void;
  /** Gives the share back. A second call does nothing. */
  release(): void;
}

interface Entry {
  values: number;
  /** time of the last progress or of the arrival, epoch ms */
  seen: number;
  /** null: admitted */
  admit: (() => void) | null;
}

/** A queue of requests that share a capacity of values. It admits them in the order of arrival. */
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
    // After a client disconnects, workerd runs this listener and nothing else of the request, not even `finally`.
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
    // The timer also keeps the request alive: workerd ends a request that waits only for other requests.
    const timer = setTimeout(() => {
      if (entry.admit === null) return;
      this.#end(entry);
      const seconds = this.#limits.waitMs / 1000;
      reject(
        new Problem("busy", `Other queries use the memory; this query waited ${seconds} s. Try again in a moment.`),
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
      // A live request has left the queue by then.
      if (now - entry.seen > 2 * this.#limits.waitMs) this.#waiting.delete(entry);
      else if (this.held + entry.values > this.#capacity) break;
      else {
        this.#waiting.delete(entry);
        this.#held.add(entry);
        entry.seen = now;
        // The continuation runs in the context of the request that awaits the promise.
        entry.admit?.();
        entry.admit = null;
      }
    }
  }
}

/**
 * Limits the values that an isolate's requests hold at once. Large and small requests have separate capacities. Each
 * kind is admitted in the order of arrival.
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

  /** Values that requests hold, and the number of waiting requests. */
  get state(): { readonly held: number; readonly waiting: number } {
    const [small, large] = [this.#small, this.#large];
    return { held: small.held + large.held, waiting: small.waiting + large.waiting };
  }

  /**
   * Waits for a share. An aborted signal gives the share back.
   * @throws {Problem} `busy` after the longest wait; the signal's reason
   */
  enter(values: number, signal: AbortSignal): Promise<Permit> {
    return (values <= this.#limits.small ? this.#small : this.#large).enter(values, signal);
  }
}
