import type { PageSize } from "../ace/page-size.ts";
import { DAY_MS } from "../domain/day.ts";
import type { SmallerPages } from "./sync-state.ts";

/** How long smaller pages are asked for before the setting's size is tried again, in milliseconds. */
const SMALLER_PAGES_MS = DAY_MS;

/** The size of a site's pages during one sync: the setting's, or what its API was found to cope with. */
export class LearnedPageSize {
  readonly #setting: PageSize;
  readonly #now: () => number;
  readonly #known: SmallerPages | null;
  #learned: SmallerPages | null = null;

  /** @param known from an earlier sync; null: nothing @param now epoch ms */
  constructor(setting: PageSize, known: SmallerPages | null, now: () => number) {
    this.#setting = setting;
    this.#known = known;
    this.#now = now;
  }

  /** Rows to ask for. */
  get size(): PageSize {
    const smaller = this.#learned ?? this.#known;
    const holds = smaller !== null && this.#now() - smaller.since < SMALLER_PAGES_MS;
    return holds && smaller.size < this.#setting ? smaller.size : this.#setting;
  }

  /** Larger pages broke off. */
  learn(size: PageSize): void {
    this.#learned = { size, since: this.#now() };
  }

  /** What is to be remembered of this sync; null: nothing new. */
  get learned(): SmallerPages | null {
    return this.#learned;
  }
}
