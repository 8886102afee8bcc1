import { hexBytes } from "../bytes/hex.ts";
import { extentBytes } from "../parquet/locator.ts";
import { isInt, isText, rowsOf } from "../d1/checked-rows.ts";
import { withD1Retry } from "../d1/retry.ts";
import { dayText } from "../domain/day.ts";
import type { Series } from "../domain/samples.ts";
import { logError } from "../telemetry/log.ts";
import { DayFileCorrupt } from "../r2/file-error.ts";
import { keptKey } from "./kept-groups.ts";
import type { RangeCost } from "../r2/range-get.ts";
import type { GroupRead } from "../parquet/read-plan.ts";
import { decodeGroup } from "../parquet/row-group-reader.ts";

/** Bytes of row groups of one statement: 4 MB of hexadecimal digits. */
const MAX_BYTES_PER_STATEMENT = 2_000_000;

/** Row groups to read of a content in D1. */
export interface KeptRead {
  /** `ManifestDay.keptId` */
  readonly keptId: number;
  /** R2 key of the file, for errors */
  readonly key: string;
  readonly day: number;
  readonly groups: readonly GroupRead[];
}

/** The result of a read. */
export interface KeptSeries {
  /** each point's samples, from the row groups that are present and undamaged */
  readonly series: ReadonlyMap<string, Series>;
  /** the other row groups, ascending in the file */
  readonly missing: readonly GroupRead[];
}

/** The key of json_each is the index in the array. ?1: JSON array of [key, bytes]. */
const READ = `
SELECT w.key AS i, hex(substr(g.body, 1, w.value ->> 1)) AS body
FROM json_each(?1) w CROSS JOIN kept_groups g ON g.key = w.value ->> 0`;

const groupRows = rowsOf("kept_groups", { i: isInt, body: isText });

/**
 * Reads row groups from D1 with the same checks as from R2. A missing or damaged one is no error.
 * @throws the error of D1, after retries
 */
export async function readKeptGroups(
  db: D1Database,
  reads: readonly KeptRead[],
  cost: RangeCost,
): Promise<ReadonlyMap<KeptRead, KeptSeries>> {
  const found = new Map(
    reads.map((read) => [read, { series: new Map<string, Series>(), missing: new Set(read.groups) }]),
  );
  for (const wanted of statements(reads)) {
    const json = JSON.stringify(
      wanted.map(({ read, group }) => [keptKey(read.keptId, group.group.offset), extentBytes(group.group)]),
    );
    const { results } = await withD1Retry(() => db.prepare(READ).bind(json).all());
    for (const { i, body } of groupRows(results)) {
      const { read, group } = wanted[i]!;
      const { series: ofRead, missing } = found.get(read)!;
      const bytes = hexBytes(body);
      cost.bytes += bytes.length;
      try {
        for (const { name, series } of decodeGroup(bytes, group, read)) ofRead.set(name, series);
        missing.delete(group);
      } catch (error) {
        if (!(error instanceof DayFileCorrupt)) throw error;
        logError("kept_group_damaged", error, { day: dayText(read.day) });
      }
    }
  }
  return new Map([...found].map(([read, { series, missing }]) => [read, { series, missing: [...missing] }]));
}

interface WantedGroup {
  readonly read: KeptRead;
  readonly group: GroupRead;
}

function statements(reads: readonly KeptRead[]): WantedGroup[][] {
  const all: WantedGroup[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const read of reads) {
    for (const group of read.groups) {
      bytes += extentBytes(group.group);
      if (bytes > MAX_BYTES_PER_STATEMENT) {
        all.push([]);
        bytes = extentBytes(group.group);
      }
      all.at(-1)!.push({ read, group });
    }
  }
  return all;
}
