import type { TimeRange } from "../domain/time-range.ts";
import { AceError } from "./ace-error.ts";
import { PageDecoder } from "./page.ts";
import type { AcePage } from "./timeseries.ts";
import type { CallOptions, Transport } from "./transport.ts";

/** All samples of one point in one answer. */
export type PointAnswer = Pick<AcePage, "samples" | "asked" | "rejected">;

const NOTHING = {
  names: [],
  nameIndex: new Int32Array(0),
  times: new Float64Array(0),
  values: new Float64Array(0),
  length: 0,
};

/**
 * Requests `GET /points/{name}/timeseries`.
 * @returns no samples if the API does not know the point
 * @throws {AceError}
 */
export async function fetchPointSamples(
  transport: Transport,
  now: () => number,
  name: string,
  range: TimeRange,
  options: CallOptions,
): Promise<PointAnswer> {
  const path = `/points/${encodeURIComponent(name)}/timeseries`;
  let asked = now();
  try {
    const { samples, rejected } = await transport.getStreamed({
      ...options,
      path,
      query: () => {
        asked = now();
        return { start_time: new Date(range.start).toISOString(), end_time: new Date(range.end).toISOString() };
      },
      reader: () => new PageDecoder(now(), path, false),
    });
    return { samples, asked, rejected };
  } catch (error) {
    if (error instanceof AceError && error.status === 404) return { samples: NOTHING, asked, rejected: {} };
    throw error;
  }
}
