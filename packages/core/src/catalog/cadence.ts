import { z } from "zod";
import { jsonChunks, MAX_ASCII_CHARS } from "../d1/json-chunks.ts";
import { HOUR_MS, hourOf } from "../domain/hour.ts";
import { withD1Retry } from "../d1/retry.ts";
import { readSeries } from "../hot/read.ts";

/** The fewest samples that tell a cadence: below, one late sample would decide it. */
const MIN_SAMPLES = 4;

/** The two last closed hours: long enough for a cadence of half an hour. */
const MEASURED_HOURS = 2;

/**
 * The median time between samples in whole seconds; null when there are too few of them. The median, for gaps and
 * single late samples must not stretch it.
 * @param times ascending, epoch ms
 */
export function medianCadenceS(times: Float64Array): number | null {
  if (times.length < MIN_SAMPLES) return null;
  const steps = Array.from(times.subarray(1), (time, i) => time - times[i]!).sort((a, b) => a - b);
  const middle = steps.length >> 1;
  const median = steps.length % 2 === 1 ? steps[middle]! : (steps[middle - 1]! + steps[middle]!) / 2;
  return Math.max(1, Math.round(median / 1000));
}

/** Measures the cadence of a site's points that have none configured. @param now epoch ms @returns points changed */
export async function measureCadences(db: D1Database, siteId: number, now: number): Promise<number> {
  const select = db
    .prepare("SELECT id FROM points WHERE site_id = ?1 AND configured = 1 AND interval_source IS NOT 'configured'")
    .bind(siteId);
  const { results } = await withD1Retry(() => select.all());
  const ids = z
    .array(z.object({ id: z.int() }))
    .parse(results)
    .map((row) => row.id);
  if (ids.length === 0) return 0;
  const end = hourOf(now);
  const series = await readSeries(db, ids, { start: end - MEASURED_HOURS * HOUR_MS, end });
  const measured = [...series].flatMap(([id, { times }]): [number, number][] => {
    const cadence = medianCadenceS(times);
    return cadence === null ? [] : [[id, cadence]];
  });
  let changed = 0;
  const update = db.prepare(
    `UPDATE points SET interval_s = m.value ->> 1, interval_source = 'measured' FROM json_each(?1) m
     WHERE points.id = m.value ->> 0 AND interval_s IS NOT m.value ->> 1`,
  );
  for (const chunk of jsonChunks(measured, (pair) => JSON.stringify(pair), MAX_ASCII_CHARS)) {
    changed += (await withD1Retry(() => update.bind(chunk.json).run())).meta.changes;
  }
  return changed;
}
