import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createBuilding } from "./building.ts";

const HOUR = 3_600_000;
const MONDAY = Date.UTC(2025, 9, 13);
const options = { seed: 11, site: "ses_falls_city", timezone: "America/Chicago", points: 300 };
const building = createBuilding(options);

function pointEnding(suffix: string): number {
  const point = building.points.findIndex(
    ({ name, bacnet_data }) => name.endsWith(suffix) || String(bacnet_data["object_name"]).endsWith(suffix),
  );
  if (point < 0) throw new Error(`no point ${suffix}`);
  return point;
}

/** A point's samples of [from, until), epoch ms: [time in µs, text]. */
function samples(point: number, from: number, until: number, source = building): [number, string][] {
  const found: [number, string][] = [];
  for (let scrape = source.scrapeAtOrAfter(from * 1000); source.timeOf(scrape) < until * 1000; scrape++) {
    if (source.hasSample(point, scrape)) found.push([source.timeOf(scrape), source.valueText(point, scrape)]);
  }
  return found;
}

const values = (point: number, from: number, until: number): number[] =>
  samples(point, from, until).map(([, text]) => Number(text));
const mean = (numbers: number[]): number => numbers.reduce((a, b) => a + b, 0) / numbers.length;

const pastScrape = fc.integer({ min: 20_000_000, max: 60_000_000 });
const anyPoint = fc.nat({ max: building.points.length - 1 });

describe("determinism", () => {
  test("two buildings with one seed have the same values in any order of reading", () => {
    const again = createBuilding(options);
    fc.assert(
      fc.property(pastScrape, pastScrape, anyPoint, (scrape, before, point) => {
        again.valueText(point, before);
        expect(again.valueText(point, scrape)).toBe(building.valueText(point, scrape));
        expect(again.timeOf(scrape)).toBe(building.timeOf(scrape));
      }),
    );
  });

  test("a larger building has every point of a smaller one, with its values", () => {
    const larger = createBuilding({ ...options, points: 900 });
    const scrape = building.scrapeAtOrAfter(MONDAY * 1000);
    for (const [point, { name }] of building.points.entries()) {
      expect(larger.points[point]!.name).toBe(name);
      expect(larger.valueText(point, scrape)).toBe(building.valueText(point, scrape));
    }
  });

  test("another seed or site has other values", () => {
    const from = [MONDAY, MONDAY + HOUR] as const;
    const temp = pointEnding("Vav8001.RoomTemp");
    const mine = samples(temp, ...from);
    expect(samples(temp, ...from, createBuilding({ ...options, seed: 12 }))).not.toEqual(mine);
    expect(samples(temp, ...from, createBuilding({ ...options, site: "ses_elsewhere" }))).not.toEqual(mine);
  });
});

describe("scrapes", () => {
  test("are found by time: the first at or after it", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1.8e15 }), (timeUs) => {
        const scrape = building.scrapeAtOrAfter(timeUs);
        expect(building.timeOf(scrape)).toBeGreaterThanOrEqual(timeUs);
        expect(scrape === 0 || building.timeOf(scrape - 1) < timeUs).toBe(true);
      }),
    );
  });

  test("list exactly the points with a sample", () => {
    fc.assert(
      fc.property(pastScrape, (scrape) => {
        const has = [...building.points.keys()].filter((point) => building.hasSample(point, scrape));
        expect(Array.from(building.pointsAt(scrape))).toEqual(has);
      }),
    );
  });

  test("read each point at its interval", () => {
    for (const [point, { collect_interval: interval }] of building.points.entries()) {
      expect(samples(point, MONDAY, MONDAY + HOUR).length).toBe(3600 / (interval ?? 60));
    }
  });

  test("read all points at one given interval", () => {
    const minutely = createBuilding({ ...options, collectInterval: 60 });
    expect(new Set(minutely.points.map((point) => point.collect_interval))).toEqual(new Set([60]));
  });
});

describe("the catalogue", () => {
  test("has distinct names and ids, and names of all three styles", () => {
    const names = building.points.map((point) => point.name);
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(building.points.map((point) => point.id)).size).toBe(names.length);
    const styles = [
      /^ses\/ses_falls_city\/8000:\d+-\d+\/(analog|binary)(Input|Value|Output)\/\d+$/,
      /\/n4\/FallsCity_CMC\/C\.Drivers\./,
      /\/weather\/[a-z_]+$/,
    ];
    for (const style of styles) expect(names.filter((name) => style.test(name)).length).toBeGreaterThan(8);
    expect(names.every((name) => styles.some((style) => style.test(name)))).toBe(true);
  });

  test("has the given number of collected points, and a few others", () => {
    for (const points of [1, 20, 300, 4583]) {
      const all = createBuilding({ ...options, points }).points;
      expect(all.filter((point) => point.collect_enabled).length).toBe(points);
      expect(all.length).toBe(points + Math.max(1, Math.round(points / 50)));
    }
    expect(createBuilding({ ...options, unconfiguredPoints: 0 }).points.length).toBe(300);
  });

  test("spells units in every observed way", () => {
    const units = new Set(building.points.map((point) => point.bacnet_data["object_units"]));
    const seen = [
      "degrees-fahrenheit",
      "degreesFahrenheit",
      "percent",
      "noUnits",
      "",
      "property: unknown-property",
      undefined,
    ];
    for (const unit of seen) expect(units).toContain(unit);
    expect(building.points.some((point) => point.kv_tags["unit"] === "percent")).toBe(true);
    const intervals = new Set(building.points.map((point) => point.collect_interval));
    expect(intervals).toEqual(new Set([30, 60, 300, 600, null]));
  });
});

describe("signals", () => {
  const day = [MONDAY + 5 * HOUR, MONDAY + 29 * HOUR] as const;

  test("every value is finite text, or one of the four words for on and off", () => {
    const words = new Set<string>();
    for (const point of building.points.keys()) {
      for (const [, text] of samples(point, ...day)) {
        if (/^-?\d+\.\d+$/.test(text)) continue;
        expect(text).toMatch(/^(active|inactive|true|false|-?\d\.?\d*e-\d+)$/);
        words.add(text);
      }
    }
    for (const word of ["active", "inactive", "true", "false"]) expect(words).toContain(word);
  });

  test("counters never fall within a year, at changes of the clocks either", () => {
    const energy = pointEnding("Meter3001.EnergyTotal");
    const year = values(energy, Date.UTC(2025, 0, 1), Date.UTC(2026, 0, 1));
    expect(year.every((value, i) => i === 0 || value >= year[i - 1]!)).toBe(true);
    expect(year.at(-1)! - year[0]!).toBeGreaterThan(100_000);
  });

  test("a meter counts the power that it shows", () => {
    const [energy, power] = [pointEnding("Meter3001.EnergyTotal"), pointEnding("Meter3001.ActivePower")];
    for (let hour = 0; hour < 24; hour += 6) {
      const until = MONDAY + (hour + 6) * HOUR;
      const counted = values(energy, until, until + HOUR)[0]! - values(energy, until - 6 * HOUR, until)[0]!;
      expect(Math.abs(counted / (6 * mean(values(power, until - 6 * HOUR, until))) - 1)).toBeLessThan(0.05);
    }
  });

  test("rooms fill on weekdays by the local clock, and stay empty on Sunday", () => {
    const co2 = pointEnding("Vav8001.RoomCo2");
    const at = (localDayStart: number, hour: number) =>
      mean(values(co2, localDayStart + hour * HOUR, localDayStart + (hour + 2) * HOUR));
    // Chicago is 5 hours behind UTC in October and 6 in December
    for (const dayStart of [Date.UTC(2025, 9, 13, 5), Date.UTC(2025, 11, 8, 6)]) {
      expect(at(dayStart, 10)).toBeGreaterThan(at(dayStart, 2) + 200);
      expect(at(dayStart - 24 * HOUR, 10)).toBeLessThan(at(dayStart, 2) + 150);
    }
  });

  test("the schedule starts at the same local time before and after the clocks change", () => {
    const occupied = pointEnding("Vav8001.Occupied");
    const startOf = (localMidnight: number) =>
      Math.round(
        (samples(occupied, localMidnight, localMidnight + 24 * HOUR).find(([, text]) => text === "active")![0] / 1000 -
          localMidnight) /
          900_000,
      );
    expect(startOf(Date.UTC(2025, 9, 31, 5))).toBe(startOf(Date.UTC(2025, 10, 3, 6)));
  });

  test("setpoints hold for hours and step between a few values", () => {
    const wanted = values(pointEnding("Vav8001.RoomTempSetpoint"), ...day);
    const steps = wanted.filter((value, i) => i > 0 && value !== wanted[i - 1]).length;
    expect(steps).toBeGreaterThan(0);
    expect(steps).toBeLessThan(10);
  });

  test("sensors are noisy: neighbours differ, but not by much", () => {
    const flow = values(pointEnding("Meter3001.LineVoltage"), ...day);
    const jumps = flow.slice(1).map((value, i) => Math.abs(value - flow[i]!));
    expect(jumps.filter((jump) => jump === 0).length).toBeLessThan(10);
    expect(Math.max(...jumps)).toBeLessThan(2);
  });

  test("summer is warmer than winter, and afternoons are warmer than nights", () => {
    const temp = pointEnding("/weather/temp");
    const month = (index: number) => mean(values(temp, Date.UTC(2025, index, 1), Date.UTC(2025, index + 1, 1)));
    expect(month(6)).toBeGreaterThan(month(0) + 10);
  });
});
