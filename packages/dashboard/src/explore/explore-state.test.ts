import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatPlace, parsePlace } from "../location/place.ts";
import { type ExploreState, formatExplore, MAX_SERIES, parseExplore, UNIT_SYSTEMS } from "./explore-state.ts";
import { LAST_RANGES } from "../chart/span.ts";

const name = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }).filter((text) => text.isWellFormed());
const names = fc.uniqueArray(name, { maxLength: MAX_SERIES });
const instant = fc.integer({ min: 0, max: 4e12 });
const state: fc.Arbitrary<ExploreState> = fc.record({
  points: fc.option(names),
  weather: names,
  range: fc.oneof(
    fc.constantFrom(...LAST_RANGES).map(({ id }) => ({ last: id })),
    fc.tuple(instant, fc.integer({ min: 1, max: 1e11 })).map(([start, ms]) => ({ start, end: start + ms })),
  ),
  units: fc.constantFrom(...UNIT_SYSTEMS),
  band: fc.boolean(),
  live: fc.boolean(),
});

describe("the state of Explore", () => {
  it("an address restores its state, for any point names", () => {
    fc.assert(
      fc.property(state, (shown) => {
        const address = formatPlace({ view: "explore", site: "a&b", params: formatExplore(shown) });
        expect(parseExplore(parsePlace(address).params)).toEqual(shown);
      }),
    );
  });

  it("the default state has an empty address", () => {
    expect(formatExplore(parseExplore(new URLSearchParams())).toString()).toBe("");
  });

  it("reads a short address, and keeps names readable in it", () => {
    const search = "?last=7d&point=ses/8000:1/ai/1,2&point=b";
    const { params } = parsePlace(search);
    expect(parseExplore(params)).toMatchObject({ points: ["ses/8000:1/ai/1,2", "b"], range: { last: "7d" } });
    expect(formatPlace({ view: null, site: null, params: formatExplore(parseExplore(params)) })).toBe(search);
  });

  it.each([
    ["from=2026-01-02T00:00Z&to=2026-01-01T00:00Z", { last: "24h" }],
    ["from=2026-01-02T00:00Z", { last: "24h" }],
    ["from=x&to=y&last=1h", { last: "1h" }],
    ["last=3h", { last: "24h" }],
    ["from=2026-01-01&to=2026-01-02", { start: Date.UTC(2026, 0, 1), end: Date.UTC(2026, 0, 2) }],
  ])("reads %s as %j", (address, range) => {
    expect(parseExplore(new URLSearchParams(address)).range).toEqual(range);
  });

  it("accepts as many points as fit into a chart, and each once", () => {
    const params = new URLSearchParams(Array.from({ length: 50 }, (_, i) => ["point", `p${Math.floor(i / 2)}`]));
    expect(parseExplore(params).points).toEqual(Array.from({ length: MAX_SERIES }, (_, i) => `p${i}`));
  });
});
