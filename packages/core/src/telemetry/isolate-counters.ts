import { statusClass } from "../domain/counts.ts";

/** What this isolate counted; Cloudflare starts and ends isolates as it likes, so each has a name of its own. */
class IsolateCounters {
  /** null: nothing was counted yet. Clock and chance are not there before the first request. */
  #born: { readonly name: string; readonly startedAt: number } | null = null;
  readonly #totals = new Map<string, number>();

  /** an isolate's name, random, and when it first counted, epoch ms */
  get born(): { readonly name: string; readonly startedAt: number } {
    return (this.#born ??= { name: crypto.randomUUID().slice(0, 8), startedAt: Date.now() });
  }

  add(name: string, count = 1): void {
    this.#totals.set(name, (this.#totals.get(name) ?? 0) + count);
  }

  /** A request that was answered. */
  addRequest(status: number): void {
    this.add(`http:${statusClass(status)}`);
    if (status === 401 || status === 403 || status === 429) this.add(`refused:${status}`);
  }

  get totals(): ReadonlyMap<string, number> {
    return this.#totals;
  }
}

export const ISOLATE = new IsolateCounters();
