import { recordText, type RejectedRecord } from "../domain/rejection.ts";
import type { NamedSamples } from "../domain/samples.ts";

/**
 * Takes the first record of some points that are not configured, as examples. There may be thousands in every sync:
 * each run takes the next ones.
 *
 * @param turn a number that grows by one with every sync
 * @param n the most points to take
 */
export function sampleUnconfigured(
  samples: NamedSamples,
  points: ReadonlyMap<string, { readonly configured: boolean }>,
  turn: number,
  n: number,
): RejectedRecord[] {
  const names = samples.names.flatMap((name, index) => (points.get(name)?.configured === true ? [] : [index]));
  const count = Math.min(n, names.length);
  return Array.from({ length: count }, (_, i) => names[(turn * n + i) % names.length]!).map((index) => {
    const row = samples.nameIndex.indexOf(index);
    const point = samples.names[index]!;
    const time = new Date(samples.times[row]!).toISOString();
    // the shortest text of a double; JSON would write -0 as 0
    const value = Object.is(samples.values[row], -0) ? "-0" : String(samples.values[row]);
    return { reason: "unconfigured", record: recordText({ name: point, value, time }), point };
  });
}
