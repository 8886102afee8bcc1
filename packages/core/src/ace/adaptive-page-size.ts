import { HOUR_MS } from "../domain/hour.ts";
import type { AceError } from "./ace-error.ts";
import { blamesSize } from "./blame.ts";
import { largerPageSize, type PageSize, smallerPageSize } from "./page-size.ts";

/** How long a larger size is left alone after it failed once; doubles with each further failure: milliseconds. */
const FIRST_PAUSE_MS = 2 * 60_000;
const LONGEST_PAUSE_MS = HOUR_MS;

/** A first failure is more likely chance. From the second one in a row on, each is taken for the size's fault. */
const FAILURES_TO_STEP = 2;

/** Pages smaller than the setting, as they are remembered between runs. */
export interface SmallerPages {
  /** rows to ask for */
  readonly size: PageSize;
  /** how often a larger size failed in a row */
  readonly failures: number;
  /** when the next larger size is tried, epoch ms; null: `size` has not brought a page yet */
  readonly retryAt: number | null;
  /** why the larger size failed: an AceError's kind, or `http_` and the status */
  readonly reason: string;
}

/**
 * The size of the pages of one site. A size that fails gives way to the next smaller one, until one brings a page. From
 * then on the next larger size is tried at growing intervals, so that few pages pay for the trial. Where no size brings
 * a page, the size was not at fault, and nothing is learned.
 */
export class AdaptivePageSize {
  readonly #setting: PageSize;
  readonly #now: () => number;
  /** what held before sizes began to fail; it holds again when all of them fail */
  #before: SmallerPages | null;
  #smaller: SmallerPages | null;
  /** the next step down, after a first failure; a run that ends there would else fail in the same way each time */
  #suspected: SmallerPages | null = null;
  #failures = 0;
  #allFailed = false;

  /** @param known from an earlier run; null: nothing @param now epoch ms */
  constructor(setting: PageSize, known: SmallerPages | null, now: () => number) {
    this.#setting = setting;
    this.#now = now;
    this.#smaller = known !== null && known.size <= setting ? known : null;
    this.#before = this.#smaller?.retryAt === null ? null : this.#smaller;
  }

  /** Rows to ask for now. */
  get size(): PageSize {
    const smaller = this.#smaller;
    if (smaller === null) return this.#setting;
    const isDue = smaller.retryAt !== null && this.#now() >= smaller.retryAt;
    return isDue && smaller.size < this.#setting ? largerPageSize(smaller.size) : smaller.size;
  }

  /** What is to be remembered; null: the setting's size holds. */
  get learned(): SmallerPages | null {
    return this.#allFailed ? this.#before : (this.#suspected ?? this.#smaller);
  }

  /** A page of this size came. @param records rows that it had */
  succeeded(size: PageSize, records: number): void {
    this.#forgetFailures();
    this.#smaller = this.#smaller === null ? null : this.#after(this.#smaller, size, records);
    this.#before = this.#smaller;
  }

  /** A page of this size failed. @returns whether the next try is one of another size */
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
    // a timeout has cost much already, and what cannot be retried would fail in the same way
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

  /** The sizes that failed were asked for something that no size would have brought. */
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
    // a page that a smaller size could have brought does not prove that full ones come
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
