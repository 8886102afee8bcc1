import { DAY_MS } from "../domain/day.ts";
import { segmentKeySql } from "./segment-key.ts";

/**
 * The range of stamps, by day, of segments with samples of some hours, without segments that the day's file has. An
 * hour's first and last stamp enclose each batch that stores samples of it. ?1: site, ?2: JSON array of hours.
 */
export const STAMP_RANGES = `
WITH stamps (day, low, high) AS (
  SELECT h.hour / ${DAY_MS}, max(min(h.first_stamp), coalesce(max(f.settled_stamp), 0) + 1), max(h.version)
  FROM hot_hours h LEFT JOIN day_files f ON f.site_id = ?1 AND f.day = h.hour / ${DAY_MS}
  WHERE h.site_id = ?1 AND h.hour IN (SELECT value FROM json_each(?2)) GROUP BY 1
)`;

/**
 * Add it behind {@link STAMP_RANGES}: the segments `s` of some blocks. ?3: JSON array of arrays `b.value` that begin with a
 * block; ?4 and ?5: range, epoch ms; ?6: the last wanted stamp.
 */
export const FROM_SEGMENTS = `
FROM json_each(?3) b CROSS JOIN stamps t CROSS JOIN segments s
  ON s.key >= ${segmentKeySql("b.value ->> 0", "t.day")} + t.low AND s.key <= ${segmentKeySql("b.value ->> 0", "t.day")} + min(t.high, ?6)
WHERE t.day * ${DAY_MS} + s.last >= ?4 AND t.day * ${DAY_MS} + s.first < ?5`;
