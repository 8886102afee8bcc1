import { useEffect, useId, useLayoutEffect, useRef } from "preact/hooks";
import type { Pane } from "./panes.ts";
import { NO_TIME_AXIS_PX, PanePlot, TIME_AXIS_PX } from "./pane-plot.ts";
import { PaneSummary } from "./pane-summary.tsx";
import type { ShownSeries } from "./shown-series.ts";
import { clampSpan, panned, type Span, zoomed } from "./span.ts";
import { onThemeChange } from "./theme-colors.ts";
import { listenToGestures } from "./touch-gestures.ts";

interface ChartStackProps {
  readonly panes: readonly Pane<ShownSeries>[];
  readonly span: Span;
  /** the zone of the times below it */
  readonly zone: string;
  readonly band: boolean;
  /** the name of the highlighted series */
  readonly highlight: string | null;
  /** text of the chart, for screen readers */
  readonly label: string;
  /** epoch ms; null: none */
  readonly cursor: number | null;
  /** Receives a new span. */
  readonly onSpan: (span: Span) => void;
  readonly onCursor: (time: number | null, by: "pointer" | "keyboard") => void;
}

/** Several wheel or key events may follow each other: the span is requested after the last one. */
const REST_MS = 220;
const NARROW_PX = 560;
/** Below this width the table of values is under the chart, not beside it; the same as in styles/explore.css. */
const STACKED = matchMedia("(max-width: 64rem)");
/** A step of the cursor by keyboard, as a share of the width. */
const CURSOR_STEP = 0.01;

/** Height of a unit's line above each pane. */
const UNIT_PX = 20;
/** Height of the page above and below the chart; the same as in `.explore-panes` of styles/explore.css. */
const AROUND_PX = 250;

/** Heights of the panes: together they fill the window, each is readable, and all plots are equally high. */
function paneHeights(count: number, width: number): number[] {
  const isNarrow = width < NARROW_PX;
  const all = isNarrow ? 320 : Math.min(860, Math.max(420, window.innerHeight - AROUND_PX));
  const plot = Math.max(isNarrow ? 150 : 170, Math.floor((all - TIME_AXIS_PX) / count) - UNIT_PX - NO_TIME_AXIS_PX);
  return Array.from({ length: count }, (_, i) => plot + (i === count - 1 ? TIME_AXIS_PX : NO_TIME_AXIS_PX));
}

/**
 * Charts below each other with one time axis and one cursor. A drag zooms; with Shift or one finger it moves; two
 * fingers stretch. Arrow keys move and zoom; with Shift they move the cursor.
 */
export function ChartStack(props: ChartStackProps) {
  const { panes, span, zone, band, highlight, label } = props;
  const summaryTime = STACKED.matches ? props.cursor : null;
  const root = useRef<HTMLDivElement>(null);
  const plots = useRef<PanePlot[]>([]);
  const shown = useRef<Span>(span);
  const rest = useRef<ReturnType<typeof setTimeout>>(undefined);
  const cursor = useRef<number | null>(null);
  const cursorKey = useId();
  const latest = useRef(props);
  latest.current = props;

  // Two fingers report twice a frame; the chart is drawn once.
  const frame = useRef<number | null>(null);
  const settle = () => {
    if (frame.current !== null) cancelAnimationFrame(frame.current);
    frame.current = null;
  };
  const draw = () => {
    frame.current = null;
    for (const plot of plots.current) plot.setSpan(shown.current.start, shown.current.end);
  };
  const show = (next: Span) => {
    shown.current = next;
    frame.current ??= requestAnimationFrame(draw);
  };
  const commit = () => latest.current.onSpan(clampSpan(shown.current));
  const commitAtRest = () => {
    clearTimeout(rest.current);
    rest.current = setTimeout(commit, REST_MS);
  };
  const choose = (next: Span) => {
    show(next);
    commit();
  };

  // The structure of the stack: its panes.
  const shape = `${zone} ${panes.map(({ unit }) => unit).join(" ")}`;
  useLayoutEffect(() => {
    const element = root.current!;
    const holders = [...element.querySelectorAll<HTMLElement>(".chart-plot")];
    const width = () => holders[0]?.clientWidth ?? 0;
    const sizeOf = (i: number) => [width(), paneHeights(holders.length, width())[i] ?? 0] as const;
    plots.current = holders.map(
      (holder, i) =>
        new PanePlot(holder, ...sizeOf(i), {
          zone,
          hasTimes: i === holders.length - 1,
          cursorKey,
          onSelect: (start, end) => choose(clampSpan({ start, end })),
          onDoubleClick: () => choose(zoomed(shown.current, 2)),
          onCursor: (time) => {
            cursor.current = time;
            latest.current.onCursor(time, "pointer");
          },
        }),
    );
    const observer = new ResizeObserver(() => {
      for (const [i, plot] of plots.current.entries()) plot.setSize(...sizeOf(i));
    });
    observer.observe(element);
    const stopTheme = onThemeChange(() => {
      for (const plot of plots.current) plot.redraw();
    });
    const stopGestures = listenToGestures(element, {
      span: () => shown.current,
      show,
      commit,
      shareAt: (x) => plots.current[0]?.shareAt(x) ?? 0.5,
      plotWidth: () => plots.current[0]?.plotWidth ?? 1,
    });
    return () => {
      observer.disconnect();
      stopTheme();
      stopGestures();
      clearTimeout(rest.current);
      settle();
      for (const plot of plots.current) plot.destroy();
      plots.current = [];
    };
  }, [shape]);

  useLayoutEffect(() => {
    shown.current = span;
    clearTimeout(rest.current);
  }, [span.start, span.end]);
  useLayoutEffect(() => {
    settle();
    const { start, end } = shown.current;
    for (const [i, plot] of plots.current.entries()) {
      plot.setContent({ series: panes[i]?.series ?? [], band, highlight }, start, end);
    }
  }, [panes, band, highlight, shape, span.start, span.end]);

  useEffect(() => {
    const element = root.current!;
    const onWheel = (event: WheelEvent) => {
      const isSideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
      // The wheel alone scrolls the page, as everywhere.
      if (!event.ctrlKey && !event.metaKey && !isSideways) return;
      event.preventDefault();
      const plot = plots.current[0];
      if (plot === undefined) return;
      show(
        isSideways
          ? panned(shown.current, event.deltaX / plot.plotWidth)
          : zoomed(shown.current, Math.exp(event.deltaY / 300), plot.shareAt(event.clientX)),
      );
      commitAtRest();
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  }, []);

  const moveCursor = (by: number) => {
    const { start, end } = shown.current;
    const from = cursor.current ?? (start + end) / 2;
    const time = Math.min(end, Math.max(start, from + (end - start) * by));
    for (const plot of plots.current) plot.setCursor(time);
    cursor.current = time;
    latest.current.onCursor(time, "keyboard");
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const moves: Record<string, () => void> = event.shiftKey
      ? { ArrowLeft: () => moveCursor(-CURSOR_STEP), ArrowRight: () => moveCursor(CURSOR_STEP) }
      : {
          ArrowLeft: () => show(panned(shown.current, -0.2)),
          ArrowRight: () => show(panned(shown.current, 0.2)),
          ArrowUp: () => show(zoomed(shown.current, 0.5)),
          ArrowDown: () => show(zoomed(shown.current, 2)),
          "+": () => show(zoomed(shown.current, 0.5)),
          "-": () => show(zoomed(shown.current, 2)),
        };
    if (event.key === "Escape" && cursor.current !== null) {
      for (const plot of plots.current) plot.setCursor(null);
      return;
    }
    const move = moves[event.key];
    if (move === undefined) return;
    event.preventDefault();
    move();
    if (!event.shiftKey) commitAtRest();
  };

  return (
    <div
      ref={root}
      class="chart-stack"
      role="application"
      aria-roledescription="chart"
      aria-label={label}
      tabIndex={0}
      onKeyDown={onKeyDown}
    >
      {panes.map(({ unit, series }, i) => (
        <div class="chart-pane" key={unit ?? ""}>
          <div class="chart-head">
            <h3 class="chart-unit">{unit ?? "No unit"}</h3>
            {summaryTime !== null && (
              <PaneSummary series={series} cursor={summaryTime} span={span} zone={zone} hasTime={i === 0} />
            )}
          </div>
          <div class="chart-plot" />
        </div>
      ))}
    </div>
  );
}
