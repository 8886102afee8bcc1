import type { RangeBucket } from "../r2/range-get.ts";
import { compareUtf8 } from "../domain/utf8-order.ts";
import { type MonthSource, PART_ROWS, type PartRange } from "./month-build.ts";
import { readFooters } from "./read-sources.ts";

/**
 * Cuts a month into parts of about `rows` rows, at the starts of row groups in day files.
 * @param rows of a part
 * @returns at least one part, each with samples
 * @throws {DayFileMissing} {DayFileChanged} {DayFileCorrupt}; R2's errors
 */
export async function planParts(
  bucket: RangeBucket,
  sources: readonly MonthSource[],
  rows = PART_ROWS,
): Promise<PartRange[]> {
  const footers = await readFooters(bucket, sources);
  const groups = footers
    .flatMap((footer) => footer.groups.map(({ group, minName }) => ({ name: minName, rows: group.rows })))
    .sort((a, b) => compareUtf8(a.name, b.name));
  const cuts: string[] = [];
  let [sum, before] = [0, groups[0]?.name];
  for (const group of groups) {
    if (sum >= rows && group.name !== before) {
      cuts.push(group.name);
      sum = 0;
    }
    sum += group.rows;
    before = group.name;
  }
  return [null, ...cuts].map((from, i) => ({ from, to: cuts[i] ?? null }));
}
