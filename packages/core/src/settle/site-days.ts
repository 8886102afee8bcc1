import { z } from "zod";
import { parseAsked } from "../manifest/asked-hours.ts";
import { DAY_STATES } from "../manifest/manifest.ts";
import { withD1Retry } from "../d1/retry.ts";
import { DAY_MS, DAYS } from "../domain/day.ts";
import { frontOf } from "../domain/lateness.ts";
import { parseSettleDays, settleDaysStatement } from "../store/settle-days.ts";
import type { KnownFile, SettleDays } from "./due-days.ts";

/** ?1 site. */
const PROGRESS = `
SELECT (SELECT watermark FROM sync_state WHERE site_id = ?1) AS watermark,
  (SELECT served_to FROM sync_state WHERE site_id = ?1) AS served_to,
  (SELECT sync_from_day FROM gap_sites WHERE site_id = ?1) AS first_day`;

/** ?1 site. */
const HOT_DAYS = `SELECT DISTINCT hour / ${DAY_MS} AS day FROM hot_hours WHERE site_id = ?1`;

/** ?1 site. */
const FILES = `
SELECT f.day, f.state, f.source = 'api' AS is_api, f.asked, f.deleted_at IS NOT NULL AS is_deleted FROM day_files f
WHERE f.site_id = ?1 AND NOT EXISTS (SELECT 1 FROM settle_days s WHERE s.site_id = ?1 AND s.day = f.day)`;

const progressSchema = z.tuple([
  z.object({ watermark: z.int().nullable(), served_to: z.int().nullable(), first_day: z.int().nullable() }),
]);
const hotSchema = z.array(z.object({ day: z.int() }));
const filesSchema = z.array(
  z.object({
    day: z.int(),
    state: z.enum(DAY_STATES),
    is_api: z.int().nullable(),
    asked: z.string().nullable(),
    is_deleted: z.int(),
  }),
);

/** Reads the state that decides which days of a site are due, in one transaction. */
export async function readSettlingState(db: D1Database, siteId: number): Promise<Omit<SettleDays, "now" | "offsets">> {
  const [progress, rows, hot, files] = await withD1Retry(() =>
    db.batch([
      db.prepare(PROGRESS).bind(siteId),
      settleDaysStatement(db, siteId, 0, DAYS),
      db.prepare(HOT_DAYS).bind(siteId),
      db.prepare(FILES).bind(siteId),
    ]),
  );
  const [{ watermark, served_to: servedTo, first_day: firstDay }] = progressSchema.parse(progress?.results);
  return {
    front: frontOf({ watermark, servedTo }),
    firstDay,
    rows: parseSettleDays(rows?.results),
    hot: new Set(hotSchema.parse(hot?.results).map(({ day }) => day)),
    files: new Map(
      filesSchema
        .parse(files?.results)
        .map(({ day, state, is_api: isApi, asked, is_deleted: isDeleted }): [number, KnownFile] => {
          const isProven = state !== "suspect" && state !== "failed" && isApi === 1;
          return [day, { isDeleted: isDeleted === 1, provenAt: isProven ? Math.min(...parseAsked(asked)) : null }];
        }),
    ),
  };
}
