import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { settle, clearCold } from "./settle-days.ts";
import { aggregate, anyValue, BUCKET_INTERVALS, closely, DAY, HOUR, ZONES } from "./naive.ts";
import { clear, migrate, point, queryJson, type Sample, SITE, storePoints, storeSamples } from "./service.ts";

/** Midnight of the day on which clocks go back in Chicago. */
const START = Date.UTC(2025, 10, 2);
const DAYS = 4;
/** More points than a row group holds, so that a query's points are in several and have neighbours. */
const NAMES = ["a/b", "B", "a,c", "ü", ...Array.from({ length: 14 }, (_, i) => `p${i}`)];

/** The levels of a sample. `over`: the file holds an older value, which a late sample has replaced. */
const PLACES = { hot: ["hot"], cold: ["cold"], half: ["both"], late: ["cold", "hot", "over", "both"] } as const;
type Place = (typeof PLACES)[keyof typeof PLACES][number];

const index = fc.oneof({ weight: 3, arbitrary: fc.nat(3) }, fc.nat(NAMES.length - 1));
const time = fc.oneof(
  fc.integer({ min: START, max: START + DAYS * DAY - 1 }),
  fc.tuple(fc.nat(DAYS - 1), fc.constantFrom(0, 1, HOUR, DAY - 1)).map(([day, ms]) => START + day * DAY + ms),
);
const history = fc.record({
  days: fc.array(fc.constantFrom(...Object.values(PLACES)), { minLength: DAYS, maxLength: DAYS }),
  samples: fc.uniqueArray(fc.tuple(index, time, anyValue, fc.nat(3)), {
    selector: ([of, at]) => `${of}@${at}`,
    minLength: 40,
    maxLength: 80,
    size: "max",
  }),
});
const bound = fc.oneof(
  time,
  fc.tuple(fc.nat(DAYS), fc.constantFrom(-1, 0, 1)).map(([day, ms]) => START + day * DAY + ms),
);
const question = fc.record({
  from: bound,
  to: bound,
  interval: fc.constantFrom("raw", ...BUCKET_INTERVALS),
  zone: fc.constantFrom(...ZONES),
  order: fc.shuffledSubarray(
    NAMES.map((_, i) => i),
    { minLength: 3, maxLength: 12 },
  ),
});

beforeAll(migrate);

test("hot, settled, both or replaced: answers equal a naive computation", async () => {
  const seen = { hot: 0, cold: 0 };
  await fc.assert(
    fc
      .asyncProperty(
        history,
        fc.array(question, { minLength: 1, maxLength: 4 }),
        async ({ days, samples }, questions) => {
          const ids = await storePoints(
            SITE,
            NAMES.map((name) => point(name)),
          );
          const rows = samples.map(([of, at, value, pick]) => {
            const places: readonly Place[] = days[Math.floor((at - START) / DAY)]!;
            return { of, at, value, place: places[pick % places.length]! };
          });
          const isHot = (place: Place) => place !== "cold";
          await storeSamples(
            rows.filter(({ place }) => isHot(place)).map(({ of, at, value }) => [ids[of]!, at, value]),
          );
          await settle(
            rows
              .filter(({ place }) => place !== "hot")
              .map(({ of, at, value, place }): Sample => [ids[of]!, at, place === "over" ? 77 : value]),
            new Map(ids.map((id, i) => [id, NAMES[i]!])),
          );
          for (const { from, to, interval, zone, order } of questions) {
            const [start, end] = [Math.min(from, to), Math.max(from, to) + 1];
            const asked = {
              site_name: SITE,
              point_names: order.map((i) => NAMES[i]!),
              start_time: start,
              end_time: end,
            };
            const { series, metadata } = await queryJson({ ...asked, interval, tz: zone });
            const inRange = rows.filter(({ of, at }) => order.includes(of) && at >= start && at < end);
            const expected = order.map((i) => {
              const mine = inRange.filter(({ of }) => of === i).map(({ at, value }): Sample => [i, at, value]);
              const sorted = mine.toSorted(([, a], [, b]) => a - b);
              return { point_name: NAMES[i], unit: null, ...closely(aggregate(sorted, interval, zone)) };
            });
            expect(series).toEqual(expected);
            const [hot, cold] = [true, false].map(
              (kind) => inRange.filter(({ place }) => isHot(place) === kind).length,
            );
            expect(metadata).toMatchObject({
              total_samples: inRange.length,
              sources: [...(hot! > 0 ? ["D1"] : []), ...(cold! > 0 ? ["R2"] : [])],
              storage_tiers: { hot: { samples: hot }, cold: { samples: cold } },
              partial: false,
            });
            seen.hot += hot!;
            seen.cold += cold!;
          }
        },
      )
      .beforeEach(async () => {
        await clear();
        await clearCold();
      }),
    { numRuns: 60 },
  );
  // The histories must use both levels.
  expect(seen.hot).toBeGreaterThan(30);
  expect(seen.cold).toBeGreaterThan(30);
});
