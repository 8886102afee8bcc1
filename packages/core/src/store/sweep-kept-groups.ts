import { HOUR_MS } from "../domain/hour.ts";
import { deleteContent, deleteGroups, firstKeptDay, giveUpContents, readGivenUp } from "./kept-groups.ts";

/** Row groups deleted in one transaction. */
const MAX_ROWS_PER_STATEMENT = 500;

/** Of the 1,000 statements of an invocation. A day of 4,583 points takes 2. */
const MAX_STATEMENTS_PER_RUN = 100;

/**
 * Grace period: the day of a new content may be about to be published, and a reader may have planned with an old one.
 */
const REST_MS = HOUR_MS;

/**
 * Deletes kept row groups of a site that are not needed: those that the manifest does not name, and those of days older
 * than HOT_DAYS. Safe to repeat, to interrupt and to run concurrently.
 * @param hotDays the setting HOT_DAYS @param now epoch ms
 * @returns row groups deleted
 * @throws the error of D1, after retries
 */
export async function sweepKeptGroups(db: D1Database, siteId: number, hotDays: number, now: number): Promise<number> {
  const before = now - REST_MS;
  await giveUpContents(db, siteId, firstKeptDay(hotDays, now), { now, before });
  let deleted = 0;
  let statements = 0;
  for (const id of await readGivenUp(db, siteId, before)) {
    for (;;) {
      if (statements++ === MAX_STATEMENTS_PER_RUN) return deleted;
      const groups = await deleteGroups(db, id, before, MAX_ROWS_PER_STATEMENT);
      deleted += groups;
      if (groups < MAX_ROWS_PER_STATEMENT) break;
    }
    await deleteContent(db, id, before);
  }
  return deleted;
}
