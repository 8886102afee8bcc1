import { pointName } from "./worker/year/samples.ts";
import { timeseries } from "./year-cases.ts";
import { HOT_END, SITE_NAME, spreadIds, type YearSize } from "./year-size.ts";

const DAY_MS = 86_400_000;

/** A kind of question, and how often it is asked beside the others. */
interface Kind {
  readonly name: string;
  readonly weight: number;
  /** @param random the next number of [0, 1) */
  readonly path: (size: YearSize, random: () => number) => string;
}

/** Points next to each other, as those of a device are. */
function neighbours({ points }: YearSize, count: number, random: () => number): number[] {
  const first = 1 + Math.floor(random() * Math.max(1, points - count));
  return Array.from({ length: Math.min(points, count) }, (_, i) => first + i);
}

/** Some days up to the year's end, or fewer where the year is shorter. */
function lastDays({ days }: YearSize, wanted: number) {
  return { start: HOT_END - Math.min(days, wanted) * DAY_MS, end: HOT_END };
}

function week(size: YearSize, random: () => number, interval: "raw" | "5min"): string {
  return timeseries({ ids: neighbours(size, 10, random), ...lastDays(size, 7), interval });
}

/** In the order of the report. */
const KINDS: readonly Kind[] = [
  { name: "latest", weight: 4, path: () => `/sites/${SITE_NAME}/latest` },
  {
    name: "1 point, a raw day",
    weight: 4,
    path: (size, random) => timeseries({ ids: neighbours(size, 1, random), ...lastDays(size, 1), interval: "raw" }),
  },
  { name: "10 points, a week, 5min", weight: 2, path: (size, random) => week(size, random, "5min") },
  { name: "10 points, a raw week, csv", weight: 1, path: (size, random) => `${week(size, random, "raw")}&format=csv` },
  {
    name: "10 points, a raw week, arrow",
    weight: 1,
    path: (size, random) => `${week(size, random, "raw")}&format=arrow`,
  },
  {
    name: "100 points, a year, 1hr",
    weight: 1,
    path: (size) => timeseries({ ids: spreadIds(size.points, 100), ...lastDays(size, 365), interval: "1hr" }),
  },
  {
    name: "coverage of a year",
    weight: 1,
    path: (size, random) => {
      const names = neighbours(size, 5, random).map((id) => encodeURIComponent(pointName(id)));
      const { start, end } = lastDays(size, 365);
      return `/sites/${SITE_NAME}/coverage?start=${start}&end=${end}&points=${names.join()}`;
    },
  },
  {
    name: "quality of a week",
    weight: 1,
    path: (size) => {
      const { start, end } = lastDays(size, 7);
      return `/sites/${SITE_NAME}/quality?start=${start}&end=${end}`;
    },
  },
];

export const KIND_NAMES: readonly string[] = KINDS.map(({ name }) => name);

/** One question to the query Worker. */
export interface Question {
  readonly kind: string;
  readonly path: string;
}

/** Questions without end, mixed by their weights; the same seed gives the same ones. */
export function* questions(size: YearSize, seed: number): Generator<Question, never> {
  let state = seed;
  const random = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const weighted = KINDS.flatMap((kind) => Array.from({ length: kind.weight }, () => kind));
  for (;;) {
    const kind = weighted[Math.floor(random() * weighted.length)]!;
    yield { kind: kind.name, path: kind.path(size, random) };
  }
}
