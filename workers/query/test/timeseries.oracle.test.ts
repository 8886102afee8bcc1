import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { aggregate, anyValue, BUCKET_INTERVALS, closely, HOUR, ZONES } from "./naive.ts";
import { clear, migrate, point, queryJson, queryRows, SITE, storePoints, storeSamples } from "./service.ts";

/** Two hours before clocks go back in Chicago, some hours after they went back in Berlin. */
const START = Date.UTC(2025, 10, 2, 5);
const NAMES = ["a/b", "B", "a,c", "ü"];

beforeAll(migrate);

const time = fc.oneof(
  fc.integer({ min: START, max: START + 60 * HOUR }),
  fc.tuple(fc.integer({ min: 0, max: 60 }), fc.constantFrom(-1, 0, 1)).map(([hour, ms]) => START + hour * HOUR + ms),
);
const history = fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 3 }), time, anyValue), {
  selector: ([index, at]) => `${index}@${at}`,
  maxLength: 60,
  size: "max",
});
const question = fc.record({
  from: time,
  to: time,
  interval: fc.constantFrom("raw", ...BUCKET_INTERVALS),
  zone: fc.constantFrom(...ZONES),
  order: fc.shuffledSubarray([0, 1, 2, 3], { minLength: 1 }),
});

test("over any history, any query equals a naive computation", async () => {
  let samplesSeen = 0;
  await fc.assert(
    fc
      .asyncProperty(history, fc.array(question, { minLength: 1, maxLength: 5 }), async (rows, questions) => {
        const ids = await storePoints(
          SITE,
          NAMES.map((name) => point(name)),
        );
        await storeSamples(rows.map(([index, at, one]) => [ids[index]!, at, one]));
        for (const { from, to, interval, zone, order } of questions) {
          const [start, end] = [Math.min(from, to), Math.max(from, to) + 1];
          const names = order.map((index) => NAMES[index]!);
          const expected = order.map((index) => {
            const mine = rows.filter(([row, at]) => row === index && at >= start && at < end);
            samplesSeen += mine.length;
            return closely(
              aggregate(
                mine.toSorted(([, a], [, b]) => a - b),
                interval,
                zone,
              ),
            );
          });
          const asked = { site_name: SITE, point_names: names, start_time: start, end_time: end, interval, tz: zone };

          const json = await queryJson(asked);
          const series = names.map((name, i) => ({ point_name: name, unit: null, ...expected[i]! }));
          expect(json.series).toEqual(series);
          expect([json.interval, json.metadata.interval]).toEqual([interval, interval]);
          const inRange = rows.filter(([index, at]) => order.includes(index) && at >= start && at < end);
          expect(json.metadata.total_samples).toBe(inRange.length);

          const flat = series.flatMap(({ point_name, timestamps, values }) =>
            timestamps.map((timestamp, i) => ({ point_name, timestamp, value: values[i] })),
          );
          const sorted = flat.toSorted((a, b) =>
            a.point_name === b.point_name ? a.timestamp - b.timestamp : a.point_name < b.point_name ? -1 : 1,
          );
          expect((await queryRows(asked)).samples).toEqual(sorted);
        }
      })
      .beforeEach(clear),
    { numRuns: 60 },
  );
  expect(samplesSeen).toBeGreaterThan(100);
});
