import type { WorkerName } from "../worker-names.ts";
import type { Wanted } from "./wanted.ts";

/** A point in time to which D1 can restore a database. */
export interface Bookmark {
  readonly database: string;
  readonly bookmark: string;
}

/** A Worker of this deploy, and the versions that shared its requests before; none: it was never deployed. */
export interface Replaced {
  readonly worker: WorkerName;
  readonly versions: readonly string[];
}

/**
 * The ways back from an unhealthy Worker.
 * @param replaced Workers of this deploy so far, in its order
 * @param bookmarks of databases that held data before this deploy migrated them
 */
export function formatRollback(
  { environment }: Wanted,
  replaced: readonly Replaced[],
  bookmarks: readonly Bookmark[],
): string[] {
  const forward = "Fix the cause, and run the same command again.";
  const earlier = replaced.filter(({ versions }) => versions.length > 0).toReversed();
  if (earlier.length === 0) {
    return [`${forward} A new address may need some minutes.`, "There is no earlier version to go back to."];
  }
  const file = (worker: WorkerName) => `--env ${environment} -c wrangler.${worker}.toml`;
  return [
    `${forward} Or go back to the earlier versions:`,
    ...earlier.map(({ worker, versions: [only = "", ...others] }) =>
      others.length === 0
        ? `  npx wrangler rollback ${only} ${file(worker)}`
        : `  npx wrangler versions list ${file(worker)}   # several versions shared the requests: choose one`,
    ),
    ...(bookmarks.length === 0
      ? []
      : [
          "Older code refuses the migrated schema, so restore the database too. Later samples are then fetched again",
          "(docs/operations.md, Rollback):",
        ]),
    ...bookmarks.map(
      ({ database, bookmark }) => `  npx wrangler d1 time-travel restore ${database} --bookmark=${bookmark}`,
    ),
  ];
}
