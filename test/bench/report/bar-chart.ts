/** A bar of a panel. */
export interface Bar {
  readonly label: string;
  readonly value: number;
  /** what stands behind it: the value with its unit, and the ratio */
  readonly text: string;
  /** of this project, not of what it is compared with */
  readonly isOwn: boolean;
  /** a value that it should not be above; null: none */
  readonly limit: number | null;
}

/** Bars on one scale from zero. */
export interface Panel {
  readonly title: string;
  readonly bars: readonly Bar[];
}

export interface BarChart {
  readonly title: string;
  /** how to read it, one line */
  readonly note: string;
  readonly panels: readonly Panel[];
}

// All in px. The text's own width is not known here, for which font is there is not; so there is room to spare.
const WIDTH = 860;
const PADDING = 24;
const LABEL = 272;
const TEXT = 200;
const BAR_LEFT = PADDING + LABEL;
const LONGEST_BAR = WIDTH - BAR_LEFT - TEXT - PADDING;
const BAR_HEIGHT = 16;
const LINE = 16;
const ROW_GAP = 10;
const PANEL_GAP = 18;
/** of a line of labels */
const LABEL_CHARS = 40;
/** more than a character of a text behind a bar takes, in most fonts */
const CHARACTER = 8;
const TEXT_GAP = 8;

/** Light and dark as the dashboard's tokens; a surface of its own: the page around it may have another theme. */
const STYLE = `
  .surface { fill: #ffffff; stroke: #e1e4e9; }
  text { font: 13px -apple-system, BlinkMacSystemFont, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; fill: #15191f; }
  .title { font-size: 16px; font-weight: 600; }
  .panel { font-weight: 600; }
  .note, .label { fill: #59626f; }
  .own-label { fill: #15191f; font-weight: 600; }
  .value { font-variant-numeric: tabular-nums; }
  .bar { fill: #aab4c0; }
  .own { fill: #0f6e84; }
  .axis { stroke: #808894; }
  .limit { stroke: #8f5b00; stroke-width: 2; }
  .halo { stroke: #ffffff; stroke-width: 6; }
  @media (prefers-color-scheme: dark) {
    .surface { fill: #171b21; stroke: #2a303a; }
    text { fill: #e8ebef; }
    .note, .label { fill: #9ca5b2; }
    .own-label { fill: #e8ebef; }
    .bar { fill: #566070; }
    .own { fill: #5cc4dc; }
    .axis { stroke: #6e7785; }
    .limit { stroke: #f0b84c; }
    .halo { stroke: #171b21; }
  }`;

// oxlint-disable-next-line no-control-regex -- these are what XML may not hold
const NO_XML = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]|\p{Cs}/gu;

/** Any text as XML holds it; what no XML may hold is left out. */
function xmlText(text: string): string {
  return text
    .replaceAll(NO_XML, "")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** Lines of whole words, none longer than a label may be but for a word that is. */
function labelLines(label: string): string[] {
  const lines: string[] = [];
  for (const word of label.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= LABEL_CHARS) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** A coordinate; a tenth of a px is enough. */
function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function textAt(x: number, y: number, kind: string, content: string): string {
  return `<text x="${px(x)}" y="${px(y)}" class="${kind}">${xmlText(content)}</text>`;
}

interface Drawn {
  readonly lines: readonly string[];
  /** where the next thing begins */
  readonly bottom: number;
}

function drawBar(bar: Bar, labelKind: string, top: number, scale: number): Drawn {
  const labels = labelLines(bar.label);
  const height = Math.max(BAR_HEIGHT, labels.length * LINE);
  const middle = top + height / 2;
  const lines = labels.map((line, i) =>
    textAt(PADDING, middle + 4.5 + (i - (labels.length - 1) / 2) * LINE, labelKind, line),
  );
  const length = Math.max(1, bar.value * scale);
  const barTop = middle - BAR_HEIGHT / 2;
  lines.push(
    `<rect x="${BAR_LEFT}" y="${px(barTop)}" width="${px(length)}" height="${BAR_HEIGHT}" class="bar${bar.isOwn ? " own" : ""}"/>`,
  );
  let textLeft = BAR_LEFT + length + TEXT_GAP;
  if (bar.limit !== null) {
    const x = BAR_LEFT + bar.limit * scale;
    const mark = `<path d="M${px(x)} ${px(barTop - 3)}v${BAR_HEIGHT + 6}" class=`;
    lines.push(`${mark}"halo"/>`, `${mark}"limit"/>`);
    // the text stands before a mark or behind it, not on it
    if (x + TEXT_GAP > textLeft && x < textLeft + bar.text.length * CHARACTER) textLeft = x + TEXT_GAP;
  }
  lines.push(textAt(textLeft, middle + 4.5, "value", bar.text));
  return { lines, bottom: top + height + ROW_GAP };
}

function drawPanel({ title, bars }: Panel, top: number): Drawn {
  const most = Math.max(...bars.flatMap(({ value, limit }) => [value, limit ?? 0]));
  const scale = most > 0 ? LONGEST_BAR / most : 0;
  const lines: string[] = [];
  let y = top;
  if (title !== "") {
    lines.push(textAt(PADDING, y + 12, "panel", title));
    y += 24;
  }
  const axisTop = y - 3;
  const isCompared = bars.some(({ isOwn }) => !isOwn);
  for (const bar of bars) {
    const drawn = drawBar(bar, isCompared && bar.isOwn ? "own-label" : "label", y, scale);
    lines.push(...drawn.lines);
    y = drawn.bottom;
  }
  lines.push(`<path d="M${BAR_LEFT - 0.5} ${px(axisTop)}V${px(y - ROW_GAP + 3)}" class="axis"/>`);
  return { lines, bottom: y + PANEL_GAP - ROW_GAP };
}

/** The chart in words, for who does not see it. */
function inWords({ note, panels }: BarChart): string {
  const words = panels.map(({ title, bars }) => {
    const all = bars.map((bar) => `${bar.label} ${bar.text}`).join("; ");
    return title === "" ? all : `${title}: ${all}`;
  });
  return [note, ...words].filter((part) => part !== "").join(" | ");
}

/** An SVG that stands alone. The same chart gives the same text. */
export function drawBarChart(chart: BarChart): string {
  const lines: string[] = [];
  let y = PADDING;
  lines.push(textAt(PADDING, y + 12, "title", chart.title));
  y += 24;
  if (chart.note !== "") {
    lines.push(textAt(PADDING, y + 10, "note", chart.note));
    y += 20;
  }
  y += 12;
  for (const panel of chart.panels) {
    const drawn = drawPanel(panel, y);
    lines.push(...drawn.lines);
    y = drawn.bottom;
  }
  const height = Math.ceil(y - PANEL_GAP + PADDING);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title words">`,
    `<title id="title">${xmlText(chart.title)}</title>`,
    `<desc id="words">${xmlText(inWords(chart))}</desc>`,
    `<style>${STYLE}\n</style>`,
    `<rect x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="10" class="surface"/>`,
    ...lines,
    "</svg>\n",
  ].join("\n");
}
