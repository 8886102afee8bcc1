import { HOUR_MS } from "../domain/hour.ts";
import type { AceError } from "./ace-error.ts";
import { blamesSize } from "./blame.ts";
import { largerPageSize, type PageSize, smallerPageSize } from "./page-size.ts";

/** The pause after the first failure of a larger size, in milliseconds; each further failure doubles it. */
const FIRST_PAUSE_MS = 2 * 60_000;
const LONGEST_PAUSE_MS = HOUR_MS;

/** A first failure is probably chance. From the second one in a row on, the size counts as the cause. */
const FAILURES_TO_STEP = 2;

/** A page size below the setting, as stored between runs. */
export interface SmallerPages {
  /** rows to request */
  readonly size: PageSize;
  /** how often a larger size failed in a row */
  readonly failures: number;
  /** when the next larger size is tried, epoch ms; null: no page of `size` has arrived yet */
  readonly retryAt: number | null;
  /** why the larger size failed: an AceError's kind, or `http_` and the status */
  readonly reason: string;
}

/**
 * Adapts the page size of one site. After failures the size shrinks until a page arrives. Then the next larger size is
 * tried at growing intervals, so that few requests pay for trials. If no size succeeds, the size was not the cause, and
 * nothing is learned.
 */
export class AdaptivePageSize {
  readonly #setting: PageSize;
  readonly #now: () => number;
  /** the state before sizes began to fail; restored when all of them fail */
  #before: SmallerPages | null;
  #smaller: SmallerPages | null;
  /**
   * the next smaller size after a first failure; without it a run that ends there would repeat the failure in every run
   */
  #suspected: SmallerPages | null = null;
  #failures = 0;
  #allFailed = false;

  /** @param known from an earlier run; null: none @param now epoch ms */
  constructor(setting: PageSize, known: SmallerPages | null, now: () => number) {
    this.#setting = setting;
    this.#now = now;
    this.#smaller = known !== null && known.size <= setting ? known : null;
    this.#before = this.#smaller?.retryAt === null ? null : this.#smaller;
  }

  /** Rows to request now. */
  get size(): PageSize {
    const smaller = this.#smaller;
    if (smaller === null) return this.#setting;
    const isDue = smaller.retryAt !== null && this.#now() >= smaller.retryAt;
    return isDue && smaller.size < this.#setting ? largerPageSize(smaller.size) : smaller.size;
  }

  /** The state to store; null: the setting applies. */
  get learned(): SmallerPages | null {
    return this.#allFailed ? this.#before : (this.#suspected ?? this.#smaller);
  }

  /** Records a page of this size. @param records rows of the page */
  succeeded(size: PageSize, records: number): void {
    this.#forgetFailures();
    this.#smaller = this.#smaller === null ? null : this.#after(this.#smaller, size, records);
    this.#before = this.#smaller;
  }

  /** Records a failure at this size. @returns whether the next try uses another size */
  failed(size: PageSize, error: AceError): boolean {
    if (this.#allFailed || !blamesSize(error)) return false;
    const reason = error.status === undefined ? error.kind : `http_${error.status}`;
    const smaller = this.#smaller;
    if (smaller !== null && smaller.retryAt !== null && size > smaller.size) {
      const failures = smaller.failures + 1;
      this.#smaller = { ...smaller, failures, retryAt: this.#pauseEnd(failures), reason };
      this.#before = this.#smaller;
      return true;
    }
    const next = smallerPageSize(size);
    const failures = smaller === null ? 1 : smaller.failures + (smaller.retryAt === null ? 0 : 1);
    const step = next === null ? null : { size: next, failures, retryAt: null, reason };
    // a timeout was expensive already, and repeating an error that is not retryable would fail again
    const isClear = error.kind === "timeout" || !error.retryable;
    if (!isClear && ++this.#failures < FAILURES_TO_STEP) {
      this.#suspected = step;
      return false;
    }
    this.#suspected = null;
    if (step === null) this.#allFailed = true;
    else this.#smaller = step;
    return step !== null;
  }

  /** Restores the state before the failures, because no size would have succeeded. */
  notAtFault(): void {
    this.#forgetFailures();
    this.#smaller = this.#before;
  }

  #forgetFailures(): void {
    this.#failures = 0;
    this.#allFailed = false;
    this.#suspected = null;
  }

  #after(smaller: SmallerPages, size: PageSize, records: number): SmallerPages | null {
    if (size < this.#setting && size <= smaller.size) {
      return smaller.retryAt === null ? { ...smaller, retryAt: this.#pauseEnd(smaller.failures) } : smaller;
    }
    // a page that a smaller size could have held does not prove that full pages succeed
    const isProven = records > smaller.size || (size === smaller.size && this.#isLongAgo(smaller));
    const failures = isProven ? 0 : smaller.failures;
    if (size >= this.#setting && failures === 0) return null;
    return size === smaller.size ? smaller : { ...smaller, size, failures, retryAt: this.#now() };
  }

  #isLongAgo({ retryAt }: SmallerPages): boolean {
    return retryAt !== null && this.#now() - retryAt >= LONGEST_PAUSE_MS;
  }

  #pauseEnd(failures: number): number {
    return this.#now() + Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.max(0, failures - 1));
  }
}
