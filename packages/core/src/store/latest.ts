import { z } from "zod";
import { dayStart } from "../domain/day.ts";
import type { NewSegment } from "./new-segments.ts";
import { numberText } from "./segment-body.ts";
import { blockOf } from "../domain/block.ts";

/** The newest stored sample of a point. */
export interface LatestSample {
  readonly pointId: number;
  /** epoch milliseconds UTC */
  readonly time: number;
  readonly value: number;
  /** when its request was sent, epoch ms */
  readonly asked: number;
}

/** ?1: JSON array of blocks. */
const READ = "SELECT l.block, l.body FROM json_each(?1) b CROSS JOIN block_latest l ON l.block = b.value";

/** ?1: JSON array of [block, body]. */
const WRITE = `
INSERT INTO block_latest (block, body) SELECT value ->> 0, value ->> 1 FROM json_each(?1) WHERE true
ON CONFLICT (block) DO UPDATE SET body = excluded.body`;

const rowsSchema = z.array(z.object({ block: z.int(), body: z.string() }));

type StoredLatest = readonly [time: number, value: number, asked: number];

/** Checked by hand: zod takes four times as long for all points of a site. */
function isStoredLatest(entry: unknown): entry is StoredLatest {
  if (!Array.isArray(entry) || entry.length !== 3) return false;
  const [time, value, asked]: unknown[] = entry;
  return Number.isSafeInteger(time) && typeof value === "number" && Number.isSafeInteger(asked);
}

/** null: the body is damaged */
function parseBody(body: string): [id: string, latest: StoredLatest][] | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return null;
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return null;
  const all: [id: string, latest: StoredLatest][] = [];
  for (const [id, latest] of Object.entries(parsed)) {
    if (!isStoredLatest(latest)) return null;
    all.push([id, latest]);
  }
  return all;
}

/** Reads the newest samples of some blocks. */
export function latestStatement(db: D1Database, blocks: readonly number[]): D1PreparedStatement {
  return db.prepare(READ).bind(JSON.stringify(blocks));
}

/** The newest samples of all points of some blocks, to be updated by new segments. */
export class LatestRows {
  readonly #newest = new Map<number, LatestSample>();
  /** blocks whose row is damaged */
  readonly damaged: ReadonlySet<number>;

  /** @param results of {@link latestStatement} */
  constructor(results: unknown) {
    const damaged = new Set<number>();
    this.damaged = damaged;
    for (const { block, body } of rowsSchema.parse(results)) {
      const parsed = parseBody(body);
      if (parsed === null) damaged.add(block);
      for (const [id, [time, value, asked]] of parsed ?? []) {
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

  /** Writes the rows of some blocks. */
  write(db: D1Database, blocks: readonly number[]): D1PreparedStatement {
    const byBlock = Map.groupBy(this.#newest.values(), ({ pointId }) => blockOf(pointId));
    return db.prepare(WRITE).bind(JSON.stringify(blocks.map((block) => [block, bodyText(byBlock.get(block) ?? [])])));
  }

  /** The statement to add to the batch that stores these segments; null: no sample is newer. */
  update(db: D1Database, segments: readonly NewSegment[]): D1PreparedStatement | null {
    const changed = new Set<number>();
    for (const { day, asked, parts } of segments) {
      for (const { pointId, offsets, values } of parts) {
        const newest = { pointId, time: dayStart(day) + offsets.at(-1)!, value: values.at(-1)!, asked };
        const known = this.#newest.get(pointId);
        if (known !== undefined && (newest.time < known.time || (newest.time === known.time && asked < known.asked)))
          continue;
        this.#newest.set(pointId, newest);
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
