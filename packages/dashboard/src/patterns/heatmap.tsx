import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Icon } from "../ui/icon.tsx";
import type { ScaleDomain } from "./color-ramp.ts";
import { drawHeat, drawMark } from "./draw-heat.ts";
import type { HeatDay } from "./heat-grid.ts";
import { cellAfter, cellAt, type CellPlace, heatLayout } from "./heat-layout.ts";
import { HeatLegend } from "./heat-legend.tsx";
import { formatCellTime, formatCellValue } from "./format-heat.ts";
import { useThemeRound } from "./use-theme-round.ts";
import { useWidth } from "./use-width.ts";

interface HeatmapProps {
  readonly name: string;
  readonly days: readonly HeatDay[];
  /** null: no values */
  readonly domain: ScaleDomain | null;
  readonly unit: string | null;
  /** Opens a day. */
  readonly onDay: (day: HeatDay) => void;
}

const MARKED_HOURS = [0, 6, 12, 18];

/** Hours of the clock by days, one colour each; pointer, finger or keys show the value. */
export function Heatmap({ name, days, domain, unit, onDay }: HeatmapProps) {
  const [frame, width] = useWidth<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const mark = useRef<HTMLCanvasElement>(null);
  const [place, setPlace] = useState<CellPlace | null>(null);
  const round = useThemeRound();
  const layout = heatLayout(days.length, width);

  useLayoutEffect(() => {
    if (canvas.current !== null && width > 0) drawHeat(canvas.current, layout, days, domain);
  }, [width, days, domain, round]);
  useLayoutEffect(() => {
    if (mark.current !== null && width > 0) drawMark(mark.current, layout, days, place);
  }, [width, days, place, round]);
  useEffect(() => {
    setPlace(null);
    // Starts at the newest day.
    frame.current?.scrollTo({ left: layout.width });
  }, [days, width > 0]);

  const cellUnder = (event: PointerEvent): CellPlace | null => {
    const box = canvas.current?.getBoundingClientRect();
    return box === undefined ? null : cellAt(layout, days, event.clientX - box.left, event.clientY - box.top);
  };
  const open = (at: CellPlace | null) => {
    const day = at === null ? undefined : days[at.day];
    if (day !== undefined) onDay(day);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter") {
      event.preventDefault();
      open(place);
      return;
    }
    const from = place ?? { day: days.length - 1, cell: 0 };
    const next = cellAfter(days, from, event.key);
    if (next === null) return;
    event.preventDefault();
    setPlace(place === null ? from : next);
    const x = layout.left + next.day * layout.column;
    const shown = frame.current;
    if (shown !== null && (x < shown.scrollLeft || x > shown.scrollLeft + shown.clientWidth - layout.column)) {
      shown.scrollTo({ left: x - shown.clientWidth / 2 });
    }
  };
  const chosen = place === null ? undefined : days[place.day];
  const cell = place === null ? undefined : chosen?.cells[place.cell];
  const [value, more] = cell === undefined ? ["", ""] : formatCellValue(cell, unit);
  return (
    <div class="heat">
      <div class="heat-hours number" aria-hidden="true">
        {MARKED_HOURS.map((hour) => (
          <span key={hour} style={{ top: `${layout.top + (hour + 0.5) * layout.row}px` }}>
            {String(hour).padStart(2, "0")}:00
          </span>
        ))}
      </div>
      <div
        ref={frame}
        class="heat-frame"
        tabIndex={0}
        role="application"
        aria-roledescription="heatmap"
        aria-label={`${name} by day and hour. Arrow keys move between hours and days; Enter opens the day.`}
        aria-describedby="heat-readout"
        onKeyDown={onKeyDown}
        onPointerMove={(event) => {
          if (event.pointerType === "mouse") setPlace(cellUnder(event));
        }}
        onPointerLeave={(event) => {
          if (event.pointerType === "mouse") setPlace(null);
        }}
        onPointerUp={(event) => {
          // A first touch shows the cell's details.
          const at = cellUnder(event);
          if (event.pointerType !== "mouse") setPlace(at);
          else if (event.button === 0) open(at);
        }}
      >
        <div class="heat-canvases" style={{ width: `${layout.width}px`, height: `${layout.height}px` }}>
          <canvas ref={canvas} />
          <canvas ref={mark} />
        </div>
      </div>
      <div class="heat-foot">
        <p id="heat-readout" class="readout number" role="status">
          {chosen === undefined || cell === undefined ? (
            <span class="quiet">
              <span class="pointer-only">Point at an hour to see its value; a click opens the day in Explore.</span>
              <span class="touch-only">Touch an hour to see its value.</span>
            </span>
          ) : (
            <>
              {formatCellTime(chosen, cell)} <strong>{value}</strong> <span class="quiet">{more}</span>
            </>
          )}
        </p>
        {chosen !== undefined && (
          <button type="button" class="button touch-only" onClick={() => open(place)}>
            Open this day <Icon name="right" />
          </button>
        )}
        {domain !== null && (
          <HeatLegend
            domain={domain}
            unit={unit}
            hasMissing={days.some(({ cells }) => cells.some((one) => one.value === null && !one.isAhead))}
          />
        )}
      </div>
    </div>
  );
}
