import { expect, it } from "vitest";
import { panesOf } from "./panes.ts";

it("series of one unit share a pane, in order of units; unknown units share one", () => {
  const series = [
    ["a", "°F"],
    ["b", null],
    ["c", "kW"],
    ["d", "°F"],
    ["e", null],
  ] as const;
  const panes = panesOf(series.map(([name, unit]) => ({ name, unit })));
  expect(panes.map((pane) => [pane.unit, pane.series.map(({ name }) => name).join("")])).toEqual([
    ["°F", "ad"],
    [null, "be"],
    ["kW", "c"],
  ]);
  expect(panesOf([])).toEqual([]);
});
