import { type Document, type Element, parseXmlDocument } from "slimdom";
import { describe, expect, it } from "vitest";
import { type BarChart, drawBarChart } from "./bar-chart.ts";

const CHART: BarChart = {
  title: "Reading",
  note: "less is better",
  panels: [
    {
      title: "1 point",
      bars: [
        { label: "ours", value: 10, text: "10 ms", isOwn: true, limit: 80 },
        { label: "theirs", value: 40, text: "40 ms", isOwn: false, limit: null },
      ],
    },
    { title: "10 points", bars: [{ label: "ours", value: 2, text: "2 ms", isOwn: true, limit: null }] },
  ],
};

/** Draws a chart and parses it; the parser throws for malformed XML. */
const parsed = (chart: BarChart) => parseXmlDocument(drawBarChart(chart));
const inGroup = (svg: Document, name: string, group: string) =>
  svg.getElementsByTagName(name).filter(({ parentElement }) => parentElement?.getAttribute("class") === group);
const numberOf = (element: Element, attribute: string) => Number(element.getAttribute(attribute));
const widths = (svg: Document) => inGroup(svg, "rect", "bar").map((bar) => numberOf(bar, "width"));
const texts = (svg: Document, group: string) => inGroup(svg, "text", group).map(({ textContent }) => textContent);

/** Where an element stands in the chart: it and its group are moved by `translate`. */
function positionOf(element: Element): [x: number, y: number] {
  const moves = [element, element.parentElement!].map((moved) =>
    /^translate\((-?[\d.]+),(-?[\d.]+)\)$/
      .exec(moved.getAttribute("transform") ?? "translate(0,0)")!
      .slice(1)
      .map(Number),
  );
  return [moves[0]![0]! + moves[1]![0]!, moves[0]![1]! + moves[1]![1]!];
}

describe("a bar chart", () => {
  const svg = parsed(CHART);

  it("draws bars as long as their values, from zero, on their panel's scale", () => {
    const [ours, theirs, alone] = widths(svg);
    expect(theirs! / ours!).toBeCloseTo(4, 1);
    // 40 of 80: the scale includes the target
    expect(alone! / theirs!).toBeCloseTo(2, 1);
    const colours = inGroup(svg, "rect", "bar").map((bar) => bar.getAttribute("fill"));
    expect(colours).toEqual(["var(--own)", "var(--other)", "var(--own)"]);
  });

  it("marks a target on its panel's scale", () => {
    const [mark] = inGroup(svg, "line", "limit");
    const [bar] = inGroup(svg, "rect", "bar");
    expect((numberOf(mark!, "x1") - numberOf(bar!, "x")) / numberOf(bar!, "width")).toBeCloseTo(8, 1);
  });

  it.each([10, 95, 300])("places no text on the mark of 100 beside a bar of %d", (value) => {
    const bars = [{ label: "", value, text: `${value} ms`, isOwn: true, limit: 100 }];
    const alone = parsed({ ...CHART, panels: [{ title: "", bars }] });
    const [mark] = inGroup(alone, "line", "limit");
    const [text] = inGroup(alone, "text", "value");
    expect(positionOf(text!)[0] - numberOf(mark!, "x1")).toBeGreaterThanOrEqual(8);
  });

  it("describes itself to screen readers", () => {
    const root = svg.documentElement!;
    expect(["role", "aria-label", "aria-description"].map((name) => root.getAttribute(name))).toEqual([
      "img",
      "Reading",
      "less is better | 1 point: ours 10 ms; theirs 40 ms | 10 points: ours 2 ms",
    ]);
  });

  it("wraps a long label between words and keeps every word", () => {
    const label = "1 point x 365 days 1day, with half an hour that is not rolled up yet";
    const long = parsed({ ...CHART, panels: [{ title: "", bars: [{ ...CHART.panels[0]!.bars[0]!, label }] }] });
    const lines = inGroup(long, "text", "label")[0]!.children.map(({ textContent }) => textContent);
    expect(lines.length).toBe(2);
    expect(lines.join(" ")).toBe(label);
  });

  it("places every text within its width and height", () => {
    const root = svg.documentElement!;
    const all = svg.getElementsByTagName("text").map(positionOf);
    // title, note, 2 panels, 3 bars with label and value
    expect(all).toHaveLength(10);
    for (const [x, y] of all) {
      expect(x).toBeGreaterThanOrEqual(24);
      expect(x).toBeLessThan(numberOf(root, "width") - 100);
      expect(y).toBeGreaterThanOrEqual(24);
      expect(y).toBeLessThan(numberOf(root, "height") - 10);
    }
  });
});

const HOSTILE = [
  "a < b > c",
  "\"quoted\" & 'so'",
  "</text><script>",
  "]]>",
  "&amp;",
  "a\u0000b\uD800c\uFFFFd",
  "°F, 日本, 😀",
  "",
];

it.each(HOSTILE)("%j keeps every character that XML allows", (hostile) => {
  const bars = [{ label: hostile, value: 0, text: hostile, isOwn: false, limit: null }];
  const svg = parsed({ title: hostile, note: hostile, panels: [{ title: hostile, bars }] });
  const kept = hostile.replace("a\u0000b\uD800c\uFFFFd", "abcd");
  expect(svg.documentElement!.getAttribute("aria-label") ?? "").toBe(kept);
  // Plot draws no element for an empty text
  const drawn = kept === "" ? [] : [kept];
  expect(texts(svg, "value")).toEqual(drawn);
  expect(texts(svg, "label")).toEqual(drawn);
  expect(widths(svg)[0]).toBeGreaterThan(0);
});
