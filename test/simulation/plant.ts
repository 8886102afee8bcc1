import type { Random } from "../fuzz/random.ts";
import { drawLateness, type Lateness, servedAt } from "./lateness.ts";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** The day on which the simulated time begins: the last day of a month. */
export const TODAY = Date.UTC(2025, 9, 31);

/** The first day before those of a seed. The month files of some seeds contain these days too. */
export const OLDEST = TODAY - 4 * DAY;

/** A point of a simulated site. */
interface PlantPoint {
  readonly name: string;
  readonly site: string;
  /** from when the upstream lists it as configured, epoch ms */
  readonly configuredAt: number;
  /** the upstream's name for it; null: no name, so that only its completeness is judged */
  readonly unit: string | null;
}

/** A sample as the upstream gets it; times are epoch ms. */
export interface PlantSample {
  readonly point: PlantPoint;
  readonly time: number;
  /** when the upstream begins to serve it; the world may set it to infinity */
  visibleAt: number;
  /** later than the other samples of its time */
  readonly isLateByChance: boolean;
  /** the text of its value; null is served as null */
  readonly text: string | null;
  /** a later value of the upstream; the world may set one while the sample is under way */
  correction: { readonly at: number; readonly text: string } | null;
}

/** All that the upstream will have served at the end. */
export interface Plant {
  readonly sites: readonly string[];
  readonly points: readonly PlantPoint[];
  /** by site, ascending by time, then in the order of the points */
  readonly samples: ReadonlyMap<string, readonly PlantSample[]>;
  /** by site */
  readonly lateness: ReadonlyMap<string, Lateness>;
}

/** A sample visible within this time is punctual, in milliseconds: less than the lookback less our skew. */
export const PUNCTUAL_MS = 2 * MINUTE;

/** The `collect_interval` of every point. Many have a longer cadence, so that they have gaps. */
export const CADENCE_MS = 10 * MINUTE;

const NUMBERS: readonly [string, ...string[]] = [
  "21.5",
  "330.0",
  "-0",
  "5e-324",
  "25.517500000000002",
  "1e15",
  "-7",
  "0",
];
const WORDS: readonly [string, ...string[]] = ["active", "inactive", "true", "false"];
const NO_NUMBERS: readonly [string | null, ...(string | null)[]] = ["NaN", null, "", "{fault}", "1e999"];

/** The number of a served text, by the API's description; null: not a number. */
export function numberOf(text: string | null): number | null {
  if (text === null || text.trim() === "") return null;
  if (text === "active" || text === "true") return 1;
  if (text === "inactive" || text === "false") return 0;
  const number = Number(text);
  return Number.isFinite(number) ? number : null;
}

/**
 * Draws a plant of one or two sites, first seen at `begin`. Its samples reach from two days before today to `until`.
 */
export function drawPlant(random: Random, begin: number, until: number): Plant {
  const sites = random.chance(0.25) ? ["site_a", "site_b"] : ["site_a"];
  const points: PlantPoint[] = [];
  const samples = new Map<string, PlantSample[]>();
  const lateness = new Map<string, Lateness>();
  for (const site of sites) {
    const late = drawLateness(random, begin, until);
    lateness.set(site, late);
    const own = Array.from({ length: 2 + random.below(5) }, (_, i): PlantPoint => {
      const isLater = i > 1 && random.chance(0.25);
      const configuredAt = isLater ? TODAY + random.below(until - TODAY) : 0;
      return { name: `${site}/p${i}`, site, configuredAt, unit: i % 2 === 0 ? "degreesCelsius" : null };
    });
    points.push(...own);
    samples.set(site, drawSamples(random, own, late, until));
  }
  return { sites, points, samples, lateness };
}

/**
 * Adds the days from {@link OLDEST} on. Nothing requests them before the month is over. Some samples appear later.
 * @param random a separate generator, so that all other draws stay
 * @param until when the last sample appears, epoch ms
 */
export function withOlderDays({ samples, points, ...rest }: Plant, random: Random, until: number): Plant {
  const older = [...samples].map(([site, known]): [string, readonly PlantSample[]] => {
    const own = points.filter((point) => point.site === site && point.configuredAt === 0);
    const added: PlantSample[] = [];
    for (let time = OLDEST + random.below(HOUR); time < TODAY - 2 * DAY; time += 3 * HOUR + random.below(5 * HOUR)) {
      for (const point of own) {
        if (random.chance(0.1)) continue;
        const sample = drawSample(random, point, time, 0, 0, 0.02);
        added.push(random.chance(0.1) ? { ...sample, visibleAt: until - random.below(8 * HOUR) } : sample);
      }
    }
    return [site, [...added, ...known]];
  });
  return { ...rest, points, samples: new Map(older) };
}

function drawSamples(random: Random, points: readonly PlantPoint[], lateness: Lateness, until: number): PlantSample[] {
  const isLate = lateness.kind === "site";
  const samples: PlantSample[] = [];
  const cadence = random.pick([10, 15, 30]) * MINUTE;
  const lateShare = random.pick([0, 0, 0.05, 0.2]);
  const correctedShare = random.pick([0, 0.1, 0.6]);
  // In a late site, half of the points lag alike, and few records are unreadable.
  const silentShare = random.pick(isLate ? [0, 0.1] : [0, 0.1, 0.5]);
  // A site may be silent for hours. The days before today are coarse, because only the backfill reads them.
  const silence = TODAY - DAY + random.below(2 * DAY);
  for (let time = TODAY - 2 * DAY + random.below(HOUR); time < until;) {
    const isSilent = time > silence && time < silence + 4 * HOUR;
    for (const [i, point] of points.entries()) {
      if (isSilent || random.chance(silentShare)) continue;
      const sample = drawSample(random, point, time, lateShare, correctedShare, isLate ? 0 : 0.04);
      samples.push({ ...sample, visibleAt: servedAt(lateness, i, time, sample.visibleAt) });
    }
    time += time < TODAY - 8 * HOUR ? 2 * HOUR + random.below(HOUR) : cadence + random.below(3) * 17;
  }
  return samples;
}

function drawSample(
  random: Random,
  point: PlantPoint,
  time: number,
  lateShare: number,
  correctedShare: number,
  noNumberShare: number,
): PlantSample {
  const isLate = random.chance(lateShare);
  const delay = isLate ? 20 * MINUTE + random.below(5 * HOUR) : random.below(PUNCTUAL_MS);
  const text = random.chance(noNumberShare)
    ? random.pick(NO_NUMBERS)
    : random.chance(0.1)
      ? random.pick(WORDS)
      : random.chance(0.3)
        ? random.pick(NUMBERS)
        : String(random.below(100_000) / 64);
  // Some samples are corrected late, behind the watermark.
  const late = random.chance(0.4) ? TODAY + random.below(6 * HOUR) : 0;
  const at = Math.max(time + delay + random.below(40 * MINUTE), late);
  const correction = random.chance(correctedShare) ? { at, text: String(random.below(1_000) + 0.25) } : null;
  return { point, time, visibleAt: time + delay, isLateByChance: isLate, text, correction };
}
