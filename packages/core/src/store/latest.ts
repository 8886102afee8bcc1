import { z } from "zod";
import { type Backoff, withD1Retry } from "../d1/retry.ts";
import { dayStart } from "../domain/day.ts";
import type { NewSegment } from "./new-segments.ts";
import { numberText } from "./segment-body.ts";
import { blockOf, blocksOf } from "../domain/block.ts";

/** The newest stored sample of a point. */
export interface LatestSample {
  readonly pointId: number;
  /** epoch milliseconds UTC */
  readonly time: number;
  readonly value: number;
  /** when the request that brought it was sent, epoch ms */
  readonly asked: number;
}

/** ?1: JSON array of blocks. */
const READ = "SELECT l.body FROM json_each(?1) b CROSS JOIN block_latest l ON l.block = b.value";

/** ?1: JSON array of [block, body]. */
const WRITE = `
INSERT INTO block_latest (block, body) SELECT value ->> 0, value ->> 1 FROM json_each(?1) WHERE true
ON CONFLICT (block) DO UPDATE SET body = excluded.body`;

const rowsSchema = z.array(z.object({ body: z.string() }));

type StoredLatest = readonly [time: number, value: number, asked: number];

/** Checked by hand: zod takes four times as long for all points of a site. */
function isStoredLatest(entry: unknown): entry is StoredLatest {
  if (!Array.isArray(entry) || entry.length !== 3) return false;
  const [time, value, asked]: unknown[] = entry;
  return Number.isSafeInteger(time) && typeof value === "number" && Number.isSafeInteger(asked);
}

function parseBody(body: string): [id: string, latest: StoredLatest][] {
  const parsed: unknown = JSON.parse(body);
  if (typeof parsed !== "object" || parsed === null) throw new Error("block_latest: a body is no object");
  return Object.entries(parsed).map(([id, latest]) => {
    if (!isStoredLatest(latest)) throw new Error(`block_latest: point ${id} has no [time, value, asked]`);
    return [id, latest];
  });
}

/** The statement that reads the newest samples of some blocks. */
export function latestStatement(db: D1Database, blocks: readonly number[]): D1PreparedStatement {
  return db.prepare(READ).bind(JSON.stringify(blocks));
}

/** Newest samples of points, of whole blocks, and how new segments change them. */
export class LatestRows {
  readonly #newest = new Map<number, LatestSample>();

  /** @param results of {@link latestStatement} */
  constructor(results: unknown) {
    for (const { body } of rowsSchema.parse(results)) {
      for (const [id, [time, value, asked]] of parseBody(body)) {
        this.#newest.set(Number(id), { pointId: Number(id), time, value, asked });
      }
    }
  }

  get(pointId: number): LatestSample | undefined {
    return this.#newest.get(pointId);
  }

  all(): LatestSample[] {
    return [...this.#newest.values()];
  }

  /** @param latest undefined: the point has none */
  set(pointId: number, latest: LatestSample | undefined): void {
    if (latest === undefined) this.#newest.delete(pointId);
    else this.#newest.set(pointId, latest);
  }

  /** The statement that writes some blocks. */
  write(db: D1Database, blocks: readonly number[]): D1PreparedStatement {
    const byBlock = Map.groupBy(this.#newest.values(), ({ pointId }) => blockOf(pointId));
    return db.prepare(WRITE).bind(JSON.stringify(blocks.map((block) => [block, bodyText(byBlock.get(block) ?? [])])));
  }

  /** The statement that belongs into the batch which stores these segments; null: they have nothing newer. */
  update(db: D1Database, segments: readonly NewSegment[]): D1PreparedStatement | null {
    const changed = new Set<number>();
    for (const { day, asked, parts } of segments) {
      for (const { pointId, offsets, values } of parts) {
        const one = { pointId, time: dayStart(day) + offsets.at(-1)!, value: values.at(-1)!, asked };
        const known = this.#newest.get(pointId);
        if (known !== undefined && (one.time < known.time || (one.time === known.time && asked < known.asked)))
          continue;
        this.#newest.set(pointId, one);
        changed.add(blockOf(pointId));
      }
    }
    return changed.size === 0 ? null : this.write(db, [...changed]);
  }
}

function bodyText(newest: readonly LatestSample[]): string {
  const texts = newest.map(({ pointId, time, value, asked }) => `"${pointId}":[${time},${numberText(value)},${asked}]`);
  return `{${texts.join()}}`;
}

/**
 * The newest sample of each point that came through a segment, by point id: a row read for each block. Where a point's day has a
 * file, that has the last word. A point that no segment brought is absent.
 * @throws {Error} for a row that is not what we write; the error of D1, after retries
 */
export async function readLatest(
  db: D1Database,
  pointIds: readonly number[],
  backoff?: Backoff,
): Promise<Map<number, LatestSample>> {
  const { results } = await withD1Retry(() => latestStatement(db, blocksOf(pointIds)).all(), backoff);
  const rows = new LatestRows(results);
  return new Map(
    pointIds.flatMap((id) => {
      const one = rows.get(id);
      return one === undefined ? [] : [[id, one]];
    }),
  );
}
