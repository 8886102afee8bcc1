import type { Page } from "playwright-core";

/** The contents of one pixel column of a plot. Rows count from the plot's top. */
export interface PixelColumn {
  /** rows of the uppermost and lowest pixel in the colour of a series' line or band; null without such a pixel */
  readonly ink: readonly [number, number] | null;
  /** likewise, of the line alone */
  readonly line: readonly [number, number] | null;
  /** whether the column is shaded as a stretch without samples; false for a line of the grid */
  readonly isShaded: boolean;
}

/** The columns of the first chart's plot, from the left, without its axes. */
export function columnsOf(page: Page): Promise<PixelColumn[]> {
  return page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>(".chart-plot canvas")!;
    const [whole, plot] = [canvas, document.querySelector(".chart-plot .u-over")!].map((one) =>
      one.getBoundingClientRect(),
    );
    const [left, top] = [Math.round(plot!.left - whole!.left), Math.round(plot!.top - whole!.top)];
    const [width, height] = [Math.round(plot!.width), Math.round(plot!.height)];
    const { data } = canvas.getContext("2d")!.getImageData(left, top, width, height);
    const extentOf = (rows: readonly number[]) => (rows.length === 0 ? null : ([rows[0]!, rows.at(-1)!] as const));
    return Array.from({ length: width }, (_, x) => {
      const rows: { ink: number[]; line: number[] } = { ink: [], line: [] };
      let shaded = 0;
      for (let y = 0; y < height; y++) {
        const [r = 0, g = 0, b = 0, alpha = 0] = data.subarray((y * width + x) * 4, (y * width + x) * 4 + 4);
        // Ground, grid and the shade of gaps are grey. A band has a sixth of its line's opacity.
        const isColored = Math.max(r, g, b) - Math.min(r, g, b) > 60 && alpha > 20;
        if (isColored) rows.ink.push(y);
        if (isColored && alpha > 150) rows.line.push(y);
        if (!isColored && alpha > 20 && alpha < 60) shaded++;
      }
      return { ink: extentOf(rows.ink), line: extentOf(rows.line), isShaded: shaded > height / 2 };
    });
  });
}

/** Number of pixels of the value labels left of the first chart's plot. */
export function axisInk(page: Page): Promise<number> {
  return page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>(".chart-plot canvas")!;
    const [whole, plot] = [canvas, document.querySelector(".chart-plot .u-over")!].map((one) =>
      one.getBoundingClientRect(),
    );
    // Above the time labels, because the first may begin left of the plot.
    const [width, height] = [Math.floor(plot!.left - whole!.left) - 1, Math.floor(plot!.bottom - whole!.top)];
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, width, height);
    return Array.from({ length: width * height }, (_, i) => data[i * 4 + 3]!).filter((alpha) => alpha > 100).length;
  });
}
