import { expect, it } from "vitest";
import { panesOf } from "./panes.ts";

it("puts series of one unit into a pane, in the order in which units come up; unknown units are one too", () => {
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
