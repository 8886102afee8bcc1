import { z } from "zod";
import { withD1Retry } from "../d1/retry.ts";
import { GAP_CAUSES, type GapCause, WHOLE_SITE } from "./gap.ts";

/** Summary of a site's open gaps. */
export interface OpenGaps {
  readonly open: number;
  /** total length of open gaps, up to the watermark */
  readonly missingSeconds: number;
  /** start of the oldest, epoch ms; null: none */
  readonly oldestStart: number | null;
  readonly byCause: ReadonlyMap<GapCause, number>;
  /** samples that arrived in gaps of the site, past ones included */
  readonly recovered: number;
  /** the longest, in descending order */
  readonly largest: readonly LargeGap[];
}

interface LargeGap {
  readonly of: "site" | "point";
  /** epoch ms */
  readonly start: number;
  /** null: ongoing at the last scan */
  readonly end: number | null;
  readonly cause: GapCause;
}

const SHOWN = 5;

/** ?1: site, ?2: watermark. */
const READ_SUMS = `
SELECT cause, count(*) AS n, min(start) AS oldest, sum(max(0, coalesce(end, ?2) - start)) AS missing
FROM gaps WHERE site_id = ?1 AND state = 'open' GROUP BY cause`;

const READ_RECOVERED = "SELECT coalesce(sum(recovered), 0) AS n FROM gaps WHERE site_id = ?1";

/** ?3: limit. */
const READ_LARGEST = `
SELECT point_id, start, end, cause FROM gaps
WHERE site_id = ?1 AND state = 'open' ORDER BY coalesce(end, ?2) - start DESC, start, point_id LIMIT ?3`;

const cause = z.enum(GAP_CAUSES);
const sumsSchema = z.array(z.object({ cause, n: z.int(), oldest: z.int(), missing: z.int() }));
const recoveredSchema = z.array(z.object({ n: z.int() }));
const largestSchema = z.array(z.object({ point_id: z.int(), start: z.int(), end: z.int().nullable(), cause }));

/** @param watermark epoch ms; end of ongoing gaps */
export async function readOpenGaps(db: D1Database, siteId: number, watermark: number | null): Promise<OpenGaps> {
  const until = watermark ?? 0;
  const [sums, recovered, largest] = await withD1Retry(() =>
    db.batch([
      db.prepare(READ_SUMS).bind(siteId, until),
      db.prepare(READ_RECOVERED).bind(siteId),
      db.prepare(READ_LARGEST).bind(siteId, until, SHOWN),
    ]),
  );
  const rows = sumsSchema.parse(sums?.results);
  const starts = rows.map(({ oldest }) => oldest);
  return {
    open: rows.reduce((sum, { n }) => sum + n, 0),
    missingSeconds: Math.round(rows.reduce((sum, { missing }) => sum + missing, 0) / 1000),
    oldestStart: starts.length === 0 ? null : Math.min(...starts),
    byCause: new Map(GAP_CAUSES.map((name) => [name, rows.find((row) => row.cause === name)?.n ?? 0])),
    recovered: recoveredSchema.parse(recovered?.results)[0]?.n ?? 0,
    largest: largestSchema.parse(largest?.results).map(({ point_id: pointId, ...gap }) => {
      return { of: pointId === WHOLE_SITE ? "site" : "point", ...gap };
    }),
  };
}
