import { themeColor } from "../chart/theme-colors.ts";
import { formatDate } from "./calendar.ts";
import { colorRamp, rampStep, type ScaleDomain } from "./color-ramp.ts";
import type { HeatDay } from "./heat-grid.ts";
import { cellBox, type CellPlace, type HeatLayout } from "./heat-layout.ts";
import { isDark } from "./use-theme-round.ts";

const FONT = '12px -apple-system, BlinkMacSystemFont, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';
const HATCH_PX = 6;
/** Wider cells have a gap between them. */
const GAP_FROM_PX = 6;
const LABEL_PX = 58;

/** The colours of the scale in the present theme, as CSS. */
export function rampColors(): string[] {
  return colorRamp(isDark() ? "dark" : "light").map(
    (rgb) => `rgb(${rgb.map((part) => Math.round(Math.min(255, Math.max(0, part)))).join(" ")})`,
  );
}

function hatch(context: CanvasRenderingContext2D, ratio: number): CanvasPattern | string {
  const size = Math.round(HATCH_PX * ratio);
  const tile = document.createElement("canvas");
  [tile.width, tile.height] = [size, size];
  const drawn = tile.getContext("2d");
  if (drawn === null) return themeColor("--chart-missing");
  drawn.strokeStyle = themeColor("--chart-axis");
  drawn.globalAlpha = 0.5;
  drawn.lineWidth = ratio;
  drawn.beginPath();
  for (const shift of [-size, 0, size]) {
    drawn.moveTo(shift, size);
    drawn.lineTo(shift + size, 0);
  }
  drawn.stroke();
  const pattern = context.createPattern(tile, "repeat");
  pattern?.setTransform(new DOMMatrix().scale(1 / ratio));
  return pattern ?? themeColor("--chart-missing");
}

/** An empty canvas of the layout's size, with CSS pixels as units. */
function clearedContext(canvas: HTMLCanvasElement, layout: HeatLayout): CanvasRenderingContext2D | null {
  const ratio = devicePixelRatio;
  canvas.width = Math.round(layout.width * ratio);
  canvas.height = Math.round(layout.height * ratio);
  const context = canvas.getContext("2d");
  context?.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

/** Draws all hours; the canvas gets the layout's size. @param domain null: no values */
export function drawHeat(
  canvas: HTMLCanvasElement,
  layout: HeatLayout,
  days: readonly HeatDay[],
  domain: ScaleDomain | null,
): void {
  const context = clearedContext(canvas, layout);
  if (context === null) return;
  const ratio = devicePixelRatio;
  const colors = rampColors();
  const missing = hatch(context, ratio);
  const gap = layout.column >= GAP_FROM_PX ? 1 : 0;
  // Without a gap, columns meet at whole pixels of the screen, so that no seam is visible.
  const snapped = (x: number) => (gap > 0 ? x : Math.round(x * ratio) / ratio);
  for (const [index, { cells }] of days.entries()) {
    for (const cell of cells) {
      if (cell.isAhead) continue;
      const box = cellBox(layout, index, cell);
      const [x, end] = [snapped(box.x), snapped(box.x + box.width)];
      const { value } = cell;
      context.fillStyle = value === null || domain === null ? missing : colors[rampStep(value, domain)]!;
      context.fillRect(x, box.y, end - x - gap, box.height - gap);
    }
  }
  drawAxes(context, layout, days);
}

function drawAxes(context: CanvasRenderingContext2D, layout: HeatLayout, days: readonly HeatDay[]): void {
  context.font = FONT;
  context.fillStyle = themeColor("--chart-axis");
  const y = layout.top + 24 * layout.row + 18;
  for (const { index, text } of dayLabels(layout, days)) context.fillText(text, layout.left + index * layout.column, y);
}

/** Months if there are several, otherwise days a week apart. */
function dayLabels({ column, width }: HeatLayout, days: readonly HeatDay[]): { index: number; text: string }[] {
  const isLong = days.length > 70;
  const all = days.flatMap(({ day }, index) => {
    const date = new Date(day * 86_400_000);
    const isMark = isLong ? date.getUTCDate() === 1 : date.getUTCDay() === 1;
    if (!isMark) return [];
    if (!isLong) return [{ index, text: formatDate(day, { month: "short", day: "numeric" }) }];
    const isJanuary = date.getUTCMonth() === 0;
    return [{ index, text: formatDate(day, isJanuary ? { year: "numeric" } : { month: "short" }) }];
  });
  const space = all[1] === undefined ? width : (all[1].index - all[0]!.index) * column;
  const every = Math.max(1, Math.ceil(LABEL_PX / 1.6 / space));
  return all.filter(({ index }, i) => i % every === 0 && (days.length - index) * column > LABEL_PX / 2);
}

/** Frames a cell, on a separate canvas above the hours. */
export function drawMark(
  canvas: HTMLCanvasElement,
  layout: HeatLayout,
  days: readonly HeatDay[],
  place: CellPlace | null,
): void {
  const context = clearedContext(canvas, layout);
  if (context === null) return;
  const cell = place === null ? undefined : days[place.day]?.cells[place.cell];
  if (place === null || cell === undefined) return;
  const { x, y, width, height } = cellBox(layout, place.day, cell);
  // Two lines: one of them stands out from any colour.
  context.lineWidth = 2;
  context.strokeStyle = themeColor("--surface");
  context.strokeRect(x - 2.5, y - 2.5, width + 4, height + 4);
  context.strokeStyle = themeColor("--text");
  context.strokeRect(x - 1, y - 1, width + 1, height + 1);
}
