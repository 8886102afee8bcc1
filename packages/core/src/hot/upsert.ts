import type { PointSamples } from "../domain/samples.ts";
import { type Backoff, withD1Retry } from "./d1-retry.ts";
import { decodeRows, encodeSamples, groupByHour, type HourRow } from "./hour-row.ts";

/** What an upsert did with each sample it was given; the three add up to the samples given. */
export interface UpsertCounts {
  /** samples at a (point, time) that held none before */
  readonly inserted: number;
  /** samples that took the place of another value */
  readonly changed: number;
  /** samples that were there already, bit for bit */
  readonly unchanged: number;
}

/** Characters of one bound JSON text, all ASCII. D1 takes 2 MB; local D1 does not enforce it, so we do. */
const MAX_CHUNK_CHARS = 1_800_000;
/** Chunks a batch, so that its parameters stay well under the 32 MiB of a Workers RPC call. */
const MAX_CHUNKS_A_BATCH = 8;

/**
 * Merges rows into their hours in SQL: atomic, idempotent, and nothing is written where nothing changes. `->` and
 * json_patch carry a number's text as it is, so doubles come back bit for bit.
 * ?1: JSON array of [hour, point_id, {offset: value}].
 */
const MERGE_ROWS = `
INSERT INTO sample_hours (hour, point_id, samples)
SELECT value ->> 0, value ->> 1, value -> 2 FROM json_each(?1) WHERE true
ON CONFLICT (hour, point_id) DO UPDATE SET samples = json_patch(samples, excluded.samples)
WHERE samples IS NOT json_patch(samples, excluded.samples)`;

/**
 * The rows as they were before the merge, read in the same transaction: counting new and changed samples in SQL takes
 * twice as long as the merge itself. ?1: JSON array of [hour, point_id].
 */
const READ_ROWS = `
SELECT h.hour, h.point_id, h.samples FROM json_each(?1) k
CROSS JOIN sample_hours h ON h.hour = k.value ->> 0 AND h.point_id = k.value ->> 1`;

interface Chunk {
  readonly rows: HourRow[];
  readonly keysJson: string;
  readonly rowsJson: string;
}

/** Cuts rows into chunks of at most `maxChars` of JSON; a single row is far smaller (60 samples, 2 KB). */
export function* chunkRows(rows: readonly HourRow[], maxChars: number): Generator<Chunk> {
  let chunk: HourRow[] = [];
  let keys: string[] = [];
  let texts: string[] = [];
  let chars = 2;
  for (const row of rows) {
    const text = `[${row.hour},${row.pointId},${encodeSamples(row)}]`;
    if (chunk.length > 0 && chars + text.length + 1 > maxChars) {
      yield { rows: chunk, keysJson: `[${keys.join()}]`, rowsJson: `[${texts.join()}]` };
      chunk = [];
      keys = [];
      texts = [];
      chars = 2;
    }
    chunk.push(row);
    keys.push(`[${row.hour},${row.pointId}]`);
    texts.push(text);
    chars += text.length + 1;
  }
  if (chunk.length > 0) yield { rows: chunk, keysJson: `[${keys.join()}]`, rowsJson: `[${texts.join()}]` };
}

/** Counts `incoming` against what its row held before. Both are ascending, so one pass over each. */
function countAgainst(incoming: HourRow, stored: HourRow | undefined): UpsertCounts {
  if (stored === undefined) return { inserted: incoming.offsets.length, changed: 0, unchanged: 0 };
  let changed = 0;
  let unchanged = 0;
  let at = 0;
  for (let i = 0; i < incoming.offsets.length; i++) {
    while (at < stored.offsets.length && stored.offsets[at]! < incoming.offsets[i]!) at++;
    if (stored.offsets[at] !== incoming.offsets[i]) continue;
    if (Object.is(stored.values[at], incoming.values[i])) unchanged++;
    else changed++;
  }
  return { inserted: incoming.offsets.length - changed - unchanged, changed, unchanged };
}

/**
 * Stores samples in the hot level. The later of two samples of one (point, millisecond) wins, within a call and
 * between calls.
 *
 * `alongside` are statements that must be true exactly when the samples are stored, such as the move of a cursor: they
 * run in the transaction of the last rows. Safe to repeat, and to run beside itself, so `alongside` must be too: where
 * a commit's answer was lost, D1 is asked again, and its samples count as unchanged. After a failure some of the
 * samples may be stored; `alongside` is only if all of them are.
 * @throws the error of D1, after retries
 */
export async function upsertSamples(
  db: D1Database,
  samples: PointSamples,
  alongside: readonly D1PreparedStatement[] = [],
  backoff?: Backoff,
): Promise<UpsertCounts> {
  const { rows, repeated, replaced } = groupByHour(samples);
  const read = db.prepare(READ_ROWS);
  const merge = db.prepare(MERGE_ROWS);
  const counts = { inserted: 0, changed: replaced, unchanged: repeated };
  const chunks = [...chunkRows(rows, MAX_CHUNK_CHARS)];
  for (let first = 0; first === 0 || first < chunks.length; first += MAX_CHUNKS_A_BATCH) {
    const group = chunks.slice(first, first + MAX_CHUNKS_A_BATCH);
    const isLast = first + MAX_CHUNKS_A_BATCH >= chunks.length;
    const statements = [
      ...group.flatMap((chunk) => [read.bind(chunk.keysJson), merge.bind(chunk.rowsJson)]),
      ...(isLast ? alongside : []),
    ];
    if (statements.length === 0) break;
    const results = await withD1Retry(() => db.batch(statements), backoff);
    group.forEach((chunk, i) => {
      const stored = decodeRows(results[i * 2]?.results);
      const before = new Map(stored.map((row) => [`${row.hour}/${row.pointId}`, row]));
      for (const row of chunk.rows) {
        const one = countAgainst(row, before.get(`${row.hour}/${row.pointId}`));
        counts.inserted += one.inserted;
        counts.changed += one.changed;
        counts.unchanged += one.unchanged;
      }
    });
  }
  return counts;
}
