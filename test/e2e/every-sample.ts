import { expect } from "vitest";
import type { Answer, Deployment } from "./deployment.ts";
import { roomPoint, type RoomPoint, type RoomsOracle } from "./rooms-oracle.ts";

/** Points per query: 20 points are about 200,000 values. */
const MAX_POINTS_PER_QUERY = 20;

/**
 * Queries every sample of the points and compares them with the files, bit for bit.
 * @param judge receives the metadata of each answer
 * @returns the number of compared samples
 */
export async function expectEverySample(
  deployment: Deployment,
  oracle: RoomsOracle,
  points: readonly RoomPoint[],
  judge: (metadata: Answer["metadata"]) => void,
): Promise<number> {
  const { first, last } = oracle.span;
  const range = { start_time: String(first), end_time: String(last + 1), interval: "raw" };
  let compared = 0;
  for (let from = 0; from < points.length; from += MAX_POINTS_PER_QUERY) {
    const asked = points.slice(from, from + MAX_POINTS_PER_QUERY);
    const answer = await deployment.query({ ...range, point_names: asked.map(roomPoint).join() });
    expect(answer.series.map((series) => series.point_name)).toEqual(asked.map(roomPoint));
    judge(answer.metadata);
    for (const [i, series] of answer.series.entries()) {
      const held = await oracle.samples(asked[i]!);
      expect(series.timestamps).toEqual(held.map((sample) => sample.time));
      const altered = series.values.findIndex((value, at) => !Object.is(value, held[at]!.value));
      expect(altered, `an altered value of ${series.point_name}`).toBe(-1);
      compared += held.length;
    }
  }
  return compared;
}
