import { describe, expect, it } from "vitest";
import { type BarChart, drawBarChart } from "./bar-chart.ts";
import { elementsOf, readXml, type XmlElement } from "./read-xml.ts";

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

const ofClass = (svg: XmlElement, name: string, kind: string) =>
  elementsOf(svg, name).filter(({ attributes }) => (attributes["class"] ?? "").split(" ").includes(kind));
const widths = (svg: XmlElement) => ofClass(svg, "rect", "bar").map(({ attributes }) => Number(attributes["width"]));

describe("a bar chart", () => {
  const svg = readXml(drawBarChart(CHART));

  it("has bars as long as their values, from zero, on a scale of their panel", () => {
    const [ours, theirs, alone] = widths(svg);
    expect(theirs! / ours!).toBeCloseTo(4, 1);
    // 40 of 80: the target is on the scale too
    expect(alone! / theirs!).toBeCloseTo(2, 1);
    expect(ofClass(svg, "rect", "own")).toHaveLength(2);
  });

  it("marks a target where it is on that scale", () => {
    const [mark] = ofClass(svg, "path", "limit");
    const x = Number(/^M([\d.]+) /.exec(mark!.attributes["d"]!)![1]);
    const [bar] = ofClass(svg, "rect", "bar");
    expect((x - Number(bar!.attributes["x"])) / Number(bar!.attributes["width"])).toBeCloseTo(8, 1);
  });

  it("has no text on a mark", () => {
    const rowOf = (value: number, text: string) => {
      const bars = [{ label: "", value, text, isOwn: true, limit: 100 }];
      const alone = readXml(drawBarChart({ ...CHART, panels: [{ title: "", bars }] }));
      const [mark] = ofClass(alone, "path", "limit");
      const [shown] = ofClass(alone, "text", "value");
      return Number(shown!.attributes["x"]) - Number(/^M([\d.]+) /.exec(mark!.attributes["d"]!)![1]);
    };
    expect(rowOf(10, "10 ms")).toBeLessThan(-60);
    expect(rowOf(95, "95 ms")).toBe(8);
    expect(rowOf(300, "300 ms")).toBeGreaterThan(100);
  });

  it("has a text for screen readers", () => {
    expect(svg.attributes).toMatchObject({ role: "img", "aria-labelledby": "title words" });
    const [title, words] = [elementsOf(svg, "title")[0]!, elementsOf(svg, "desc")[0]!];
    expect([title.attributes["id"], title.text]).toEqual(["title", "Reading"]);
    expect(words.attributes["id"]).toBe("words");
    expect(words.text).toBe("less is better | 1 point: ours 10 ms; theirs 40 ms | 10 points: ours 2 ms");
  });

  it("breaks a long label between words, and loses none", () => {
    const label = "1 point x 365 days 1day, with half an hour that is not rolled up yet";
    const long = readXml(
      drawBarChart({ ...CHART, panels: [{ title: "", bars: [{ ...CHART.panels[0]!.bars[0]!, label }] }] }),
    );
    const lines = ofClass(long, "text", "label").map(({ text }) => text);
    expect(lines.length).toBe(2);
    expect(lines.join(" ")).toBe(label);
  });

  it("stands within its height and width", () => {
    const [, , width, height] = svg.attributes["viewBox"]!.split(" ").map(Number);
    for (const { attributes } of elementsOf(svg, "text")) {
      expect(Number(attributes["x"])).toBeLessThan(width! - 100);
      expect(Number(attributes["y"])).toBeLessThan(height! - 10);
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

it.each(HOSTILE)("%j is in a well-formed chart as it is, but for what no XML holds", (hostile) => {
  const bars = [{ label: hostile, value: 0, text: hostile, isOwn: false, limit: null }];
  const svg = readXml(drawBarChart({ title: hostile, note: hostile, panels: [{ title: hostile, bars }] }));
  const held = hostile.replace("a\u0000b\uD800c\uFFFFd", "abcd");
  expect(elementsOf(svg, "title")[0]!.text).toBe(held);
  expect(ofClass(svg, "text", "value").map(({ text }) => text)).toEqual([held]);
  const label = ofClass(svg, "text", "label").map(({ text }) => text);
  expect(label.join(" ")).toBe(held);
  expect(widths(svg)[0]).toBeGreaterThan(0);
});
