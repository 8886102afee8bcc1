/** A site as the backfill knows it. */
export interface BackfillSite {
  readonly id: number;
  readonly name: string;
}
