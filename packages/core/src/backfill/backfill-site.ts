/** A site as the backfill's jobs know it: by the id that it has in the main database. */
export interface BackfillSite {
  readonly id: number;
  readonly name: string;
}

/** A site as the database knows it that has its samples and its manifest. */
export interface SiteStore {
  readonly db: D1Database;
  readonly site: BackfillSite;
}

/** A site, and where it is if it is not in the main database. */
export interface PlacedSite extends BackfillSite {
  readonly elsewhere?: SiteStore;
}

/** @param jobs the main database */
export function storeOf(jobs: D1Database, { id, name, elsewhere }: PlacedSite): SiteStore {
  return elsewhere ?? { db: jobs, site: { id, name } };
}
