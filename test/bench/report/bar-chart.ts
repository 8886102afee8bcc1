import * as Plot from "@observablehq/plot";
import { Document, XMLSerializer } from "slimdom";

const SVG = "http://www.w3.org/2000/svg";

/** A bar of a panel. */
export interface Bar {
  readonly label: string;
  readonly value: number;
  /** The value with its unit, the ratio and the target, shown at the right. */
  readonly text: string;
  /** true: this project; false: a candidate that it is compared with */
  readonly isOwn: boolean;
  /** The target's upper bound, in the value's unit. null: no target */
  readonly limit: number | null;
}

/** Bars on one scale from zero. */
export interface Panel {
  /** empty: the chart's title says it */
  readonly title: string;
  readonly bars: readonly Bar[];
}

export interface BarChart {
  readonly title: string;
  /** How to read the chart, one line. */
  readonly note: string;
  readonly panels: readonly Panel[];
}

// All lengths in px.
const WIDTH = 860;
const PADDING = 24;
const LABEL_WIDTH = 280;
const TEXT_WIDTH = 236;
const GAP = 8;
const HEADER_HEIGHT = 72;
const ROW_HEIGHT = 32;
const FONT_SIZE = 13;
/** The share of the scale that a bar of zero takes, so that it can be seen. */
const MIN_SHARE = 0.002;

/** The dashboard's colours. The chart has its own surface, because the page around it may have the other theme. */
const STYLE = `
  svg { color: var(--text); --surface: #ffffff; --border: #e1e4e9; --text: #15191f; --muted: #59626f; --other: #aab4c0; --own: #0f6e84; --limit: #8f5b00; }
  @media (prefers-color-scheme: dark) {
    svg { --surface: #171b21; --border: #2a303a; --text: #e8ebef; --muted: #9ca5b2; --other: #566070; --own: #5cc4dc; --limit: #f0b84c; }
  }
`;

// oxlint-disable-next-line no-control-regex -- XML does not allow these characters
const NO_XML = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]|\p{Cs}/gu;

/** A bar in its row, with lengths as shares of its panel's scale. */
interface BarRow extends Bar {
  readonly y: number;
  readonly isEmphasized: boolean;
  readonly share: number;
  readonly limitShare: number | null;
}

/** A row per panel title and per bar; `y` counts rows from the top. */
function rowsOf(panels: readonly Panel[]) {
  const titles: { readonly y: number; readonly title: string }[] = [];
  const bars: BarRow[] = [];
  let y = 0;
  for (const panel of panels) {
    if (panel.title !== "") titles.push({ y: y++, title: panel.title });
    const longest = Math.max(...panel.bars.flatMap(({ value, limit }) => [value, limit ?? 0])) || 1;
    const isCompared = panel.bars.some(({ isOwn }) => !isOwn);
    for (const bar of panel.bars) {
      const share = Math.max(MIN_SHARE, bar.value / longest);
      const limitShare = bar.limit === null ? null : bar.limit / longest;
      bars.push({ ...bar, y: y++, isEmphasized: isCompared && bar.isOwn, share, limitShare });
    }
  }
  return { titles, bars, count: y };
}

/** The chart as text, for screen readers. */
function describeChart({ note, panels }: BarChart): string {
  const parts = panels.map(({ title, bars }) => {
    const all = bars.map((bar) => `${bar.label} ${bar.text}`).join("; ");
    return title === "" ? all : `${title}: ${all}`;
  });
  return [note, ...parts].filter((part) => part !== "").join(" | ");
}

/** Draws a chart as an SVG that refers to no other file. The same chart gives the same text. */
export function drawBarChart(chart: BarChart): string {
  const document = new Document();
  document.append(document.createElementNS(SVG, "svg"));
  const { titles, bars, count } = rowsOf(chart.panels);
  const limits = bars.filter(({ limitShare }) => limitShare !== null);
  const mark = { y: "y", x: "limitShare", inset: -3 } as const;
  const left = { dx: -LABEL_WIDTH, fontSize: FONT_SIZE };
  const label = {
    ...left,
    className: "label",
    frameAnchor: "left",
    y: "y",
    text: "label",
    lineWidth: LABEL_WIDTH / FONT_SIZE - 3,
    lineHeight: 1.125,
  } as const;
  const svg = Plot.plot({
    document,
    ariaLabel: chart.title,
    ariaDescription: describeChart(chart),
    width: WIDTH,
    height: HEADER_HEIGHT + count * ROW_HEIGHT + PADDING,
    marginTop: HEADER_HEIGHT,
    marginRight: TEXT_WIDTH,
    marginBottom: PADDING,
    marginLeft: PADDING + LABEL_WIDTH,
    x: { axis: null, domain: [0, 1] },
    y: {
      axis: null,
      type: "band",
      domain: Array.from({ length: count }, (_, y) => y),
      paddingInner: 0.5,
      paddingOuter: 0.25,
    },
    marks: [
      Plot.frame({
        fill: "var(--surface)",
        stroke: "var(--border)",
        rx: 10,
        insetTop: 0.5 - HEADER_HEIGHT,
        insetRight: 0.5 - TEXT_WIDTH,
        insetBottom: 0.5 - PADDING,
        insetLeft: 0.5 - PADDING - LABEL_WIDTH,
      }),
      Plot.text([chart.title], { ...left, frameAnchor: "top-left", dy: -48, fontSize: 16, fontWeight: 600 }),
      Plot.text([chart.note], { ...left, frameAnchor: "top-left", dy: -24, fill: "var(--muted)" }),
      Plot.text(titles, { ...left, frameAnchor: "left", y: "y", text: "title", fontWeight: 600 }),
      Plot.text(
        bars.filter(({ isEmphasized }) => !isEmphasized),
        { ...label, fill: "var(--muted)" },
      ),
      Plot.text(
        bars.filter(({ isEmphasized }) => isEmphasized),
        { ...label, fontWeight: 600 },
      ),
      Plot.barX(bars, {
        className: "bar",
        y: "y",
        x: "share",
        fill: ({ isOwn }: BarRow) => (isOwn ? "var(--own)" : "var(--other)"),
      }),
      Plot.tickX(limits, { ...mark, className: "halo", stroke: "var(--surface)", strokeWidth: 4 }),
      Plot.tickX(limits, { ...mark, className: "limit", stroke: "var(--limit)", strokeWidth: 2 }),
      Plot.text(bars, {
        className: "value",
        frameAnchor: "right",
        y: "y",
        text: "text",
        dx: GAP,
        textAnchor: "start",
        fontSize: FONT_SIZE,
        fontVariant: "tabular-nums",
      }),
    ],
  });
  const style = document.createElementNS(SVG, "style");
  style.append(STYLE);
  svg.append(style);
  svg.setAttribute("role", "img");
  return `${new XMLSerializer().serializeToString(svg).replaceAll(NO_XML, "")}\n`;
}
