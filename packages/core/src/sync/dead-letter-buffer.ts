import type { DeadLetter, SourcePage } from "../domain/dead-letter.ts";
import { RECORDS_KEPT, type RejectedRecord, type RejectionReason } from "../domain/rejection.ts";

/** Examples of rejected records and failed writes of a run: a few per site and reason. */
export class DeadLetterBuffer {
  readonly deadLetters: DeadLetter[] = [];
  readonly #kept = new Map<string, number>();

  reject(siteId: number, page: SourcePage | null, records: readonly RejectedRecord[]): void {
    for (const about of records) {
      const left = this.left(siteId, about.reason);
      if (left === 0) continue;
      this.#kept.set(keyOf(siteId, about.reason), RECORDS_KEPT - left + 1);
      this.deadLetters.push({ siteId, page, about });
    }
  }

  /** How many more records of this reason fit. */
  left(siteId: number, reason: RejectionReason): number {
    return RECORDS_KEPT - (this.#kept.get(keyOf(siteId, reason)) ?? 0);
  }

  /** @param error safe to show */
  fail(siteId: number, page: SourcePage, stage: string, error: string, samples: number): void {
    this.deadLetters.push({ siteId, page, about: { reason: "write_failed", stage, error, samples } });
  }
}

function keyOf(siteId: number, reason: RejectionReason): string {
  return `${siteId} ${reason}`;
}
