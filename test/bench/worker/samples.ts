import type { PointSamples } from "@building-vitals/core/domain/samples";

const MINUTE_MS = 60_000;

/**
 * Plausible samples in ascending time, one per minute and point: single-precision readings written as doubles, like
 * most values of the API; every fourth point is a setpoint or a status.
 * @param minutes [first, end) since `origin`
 */
export function benchSamples(points: number, origin: number, minutes: readonly [number, number]): PointSamples {
  const [first, end] = minutes;
  const length = points * (end - first);
  const pointIds = new Int32Array(length);
  const times = new Float64Array(length);
  const values = new Float64Array(length);
  let n = 0;
  for (let minute = first; minute < end; minute++) {
    for (let id = 1; id <= points; id++) {
      pointIds[n] = id;
      // All samples of a scrape share one time, which is not a full second.
      times[n] = origin + minute * MINUTE_MS + 36_055;
      values[n] = id % 4 === 0 ? id % 70 : Math.fround(70 + 8 * Math.sin(minute / 97 + id) + Math.sin(minute * id));
      n++;
    }
  }
  return { pointIds, times, values, length };
}

/** The JSON text of an API page with samples. */
export function benchPage(rows: number): string {
  const { pointIds, times, values } = benchSamples(4_583, Date.UTC(2025, 9, 12), [0, Math.ceil(rows / 4_583)]);
  const texts = Array.from({ length: rows }, (_, i) => {
    const name = `ses/ses_falls_city/8000:33-8033/analogValue/${pointIds[i]!}`;
    const time = `${new Date(times[i]!).toISOString().slice(0, -1)}960`;
    return JSON.stringify({ name, value: String(values[i]!), time });
  });
  return `{"point_samples":[${texts.join()}],"next_cursor":null,"has_more":false}`;
}
