import { z } from "zod";
import { withD1Retry } from "../d1/retry.ts";
import { forgetReplaced } from "../store/damaged-segments.ts";
import { deleteSettled } from "../store/segment-rows.ts";
import { logError } from "../telemetry/log.ts";
import { noteSwept } from "../manifest/write-manifest.ts";

/** Segments per transaction. */
const MAX_ROWS_PER_STATEMENT = 500;

/** Transactions per run. A day of 4,583 points takes 21 of the 1,000 statements of an invocation. */
const MAX_STATEMENTS_PER_RUN = 200;

/** ?1: site. */
const DAYS_TO_SWEEP = `
SELECT day, settled_stamp FROM day_files WHERE site_id = ?1 AND swept_stamp < settled_stamp ORDER BY day`;

const daysSchema = z.array(z.object({ day: z.int(), settled_stamp: z.int() }));

/** Runs {@link sweepSegments} after a publication. An error is only logged: the site's next sweep deletes the rest. */
export async function sweepBehind(db: D1Database, siteId: number): Promise<void> {
  try {
    await sweepSegments(db, siteId);
  } catch (error) {
    logError("segments_not_swept", error, { siteId });
  }
}

/**
 * Deletes segments of a site that a published day file contains. No reader needs them: a batch that reads segments also
 * reads the stamp up to which the file contains them. Safe to repeat, to stop anywhere and to run beside anything.
 * @returns segments deleted
 * @throws the error of D1, after retries
 */
export async function sweepSegments(db: D1Database, siteId: number): Promise<number> {
  const { results } = await withD1Retry(() => db.prepare(DAYS_TO_SWEEP).bind(siteId).all());
  let deleted = 0;
  let statements = 0;
  for (const { day, settled_stamp: stamp } of daysSchema.parse(results)) {
    for (;;) {
      if (statements++ === MAX_STATEMENTS_PER_RUN) return deleted;
      const bound = deleteSettled(db, siteId, day, stamp, MAX_ROWS_PER_STATEMENT);
      const { changes } = (await withD1Retry(() => bound.run())).meta;
      deleted += changes;
      if (changes < MAX_ROWS_PER_STATEMENT) break;
    }
    // A day with a damaged segment is built only with the source, so its file has these samples.
    const swept = [forgetReplaced(db, siteId, day, stamp), noteSwept(db, siteId, day, stamp)];
    await withD1Retry(() => db.batch(swept));
  }
  return deleted;
}
