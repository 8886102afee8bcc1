import { statusClass } from "../domain/counts.ts";

/** Counts of this isolate. Cloudflare starts and ends isolates at any time, so each has a name of its own. */
class IsolateCounters {
  /** null: nothing was counted yet. Clock and random numbers are not available before the first request. */
  #born: { readonly name: string; readonly startedAt: number } | null = null;
  readonly #totals = new Map<string, number>();

  /** the isolate's random name, and when it first counted, epoch ms */
  get born(): { readonly name: string; readonly startedAt: number } {
    return (this.#born ??= { name: crypto.randomUUID().slice(0, 8), startedAt: Date.now() });
  }

  add(name: string, count = 1): void {
    this.#totals.set(name, (this.#totals.get(name) ?? 0) + count);
  }

  /** An answered request. */
  addRequest(status: number): void {
    this.add(`http:${statusClass(status)}`);
    if (status === 401 || status === 403 || status === 429) this.add(`refused:${status}`);
  }

  get totals(): ReadonlyMap<string, number> {
    return this.#totals;
  }
}

export const ISOLATE = new IsolateCounters();
