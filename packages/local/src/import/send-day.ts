import { dayStart, parseDay } from "@building-vitals/core/domain/day";
import { numberText } from "@building-vitals/core/store/segment-body";
import type { ImportClient } from "./import-client.ts";
import type { DayCounts } from "./position.ts";
import type { SpilledPoint } from "./spills.ts";

/** Limits of a request; the Worker accepts 1 MB. */
const MAX_SAMPLES = 20_000;
const MAX_BYTES = 900_000;

/** Concurrent requests; D1 runs them one after another. */
const AT_ONCE = 3;

/** A point's samples in order of time. Of two values at one time, the one that was read last counts. */
function inOrder({ offsets, values }: SpilledPoint, counts: DayCounts): (readonly [offset: number, value: number])[] {
  const byOffset = new Map<number, number>();
  offsets.forEach((offset, i) => {
    const value = values[i]!;
    const before = byOffset.get(offset);
    if (before === undefined) byOffset.set(offset, value);
    else if (Object.is(before, value)) counts.repeated++;
    else {
      counts.overruled++;
      byOffset.set(offset, value);
    }
  });
  return [...byOffset].sort(([a], [b]) => a - b);
}

/** The request bodies of a day. @param points in any order */
export function* batchesOf(
  site: string,
  day: string,
  points: ReadonlyMap<string, SpilledPoint>,
  counts: DayCounts,
): Generator<string> {
  const start = dayStart(parseDay(day) ?? 0);
  const head = `{"site":${JSON.stringify(site)},"day":${JSON.stringify(day)},"points":[`;
  let parts: string[] = [];
  let [samples, bytes] = [0, 0];
  const body = () => `${head}${parts.join(",")}]}`;
  for (const name of [...points.keys()].sort()) {
    const samplesOfPoint = inOrder(points.get(name)!, counts);
    const named = `{"name":${JSON.stringify(name)},"samples":[`;
    // one sample per second makes several requests of a point's day
    for (let at = 0; at < samplesOfPoint.length; at += MAX_SAMPLES) {
      const piece = samplesOfPoint.slice(at, at + MAX_SAMPLES);
      const part = `${named}${piece.map(([offset, value]) => `[${start + offset},${numberText(value)}]`).join(",")}]}`;
      const size = Buffer.byteLength(part) + 1;
      if (parts.length > 0 && (samples + piece.length > MAX_SAMPLES || bytes + size > MAX_BYTES)) {
        yield body();
        parts = [];
        [samples, bytes] = [0, 0];
      }
      parts.push(part);
      samples += piece.length;
      bytes += size;
    }
  }
  if (parts.length > 0) yield body();
}

/** Sends a day's samples. @param counts the day's counts; this adds to them @throws {ImportRefused} */
export async function sendDay(
  client: Pick<ImportClient, "import">,
  points: ReadonlyMap<string, SpilledPoint>,
  counts: DayCounts,
): Promise<void> {
  const batches = batchesOf(counts.site, counts.day, points, counts);
  const work = async () => {
    for (const body of batches) {
      const { stored, present, kept, rejected } = await client.import(body);
      counts.stored += stored;
      counts.present += present;
      counts.kept += kept;
      for (const [reason, n] of Object.entries(rejected)) counts.rejected[reason] = (counts.rejected[reason] ?? 0) + n;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}
