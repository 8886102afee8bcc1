/** A site with its id in the main database, where the jobs are. */
export interface BackfillSite {
  readonly id: number;
  readonly name: string;
}

/** A site with its id in the database that holds its samples and its manifest. */
export interface SiteStore {
  readonly db: D1Database;
  readonly site: BackfillSite;
}

/** A site. `elsewhere` is its store if that is not the main database. */
export interface PlacedSite extends BackfillSite {
  readonly elsewhere?: SiteStore;
}

/** @param jobs the main database */
export function storeOf(jobs: D1Database, { id, name, elsewhere }: PlacedSite): SiteStore {
  return elsewhere ?? { db: jobs, site: { id, name } };
}
