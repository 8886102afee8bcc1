import { useEffect, useRef, useState } from "preact/hooks";
import { dateText } from "../backfill/format-backfill.ts";
import { goTo } from "../location/go-to.ts";
import { Icon } from "../ui/icon.tsx";
import { indexByKey } from "../ui/index-by-key.ts";
import { COVERAGE_LABELS, dayFigures, type ShownDay } from "./coverage-state.ts";
import { exploreDays } from "./explore-place.ts";
import { yearColumns } from "./year-weeks.ts";

const WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
/** Days that a key moves; a column is a week. */
const STEPS: Record<string, number> = {
  ArrowUp: -1,
  ArrowDown: 1,
  ArrowLeft: -7,
  ArrowRight: 7,
  PageUp: -28,
  PageDown: 28,
};
/** Half of the tip's largest width, px. */
const TIP_HALF = 150;

interface YearGridProps {
  readonly site: string;
  readonly year: { readonly first: number; readonly end: number };
  /** each day of it */
  readonly days: readonly ShownDay[];
}

/** One cell per day, one column per week: the day's state; a click opens the day in Explore. */
export function YearGrid({ site, year, days }: YearGridProps) {
  const [current, setCurrent] = useState<string | null>(null);
  const [tip, setTip] = useState<{ readonly x: number; readonly y: number } | null>(null);
  const root = useRef<HTMLDivElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const isTouch = useRef(false);
  const byDate = new Map(days.map((shown) => [shown.day.date, shown]));
  const chosen = current === null ? undefined : byDate.get(current);
  const reachable = chosen?.day.date ?? days.at(-1)?.day.date;

  useEffect(() => {
    // Starts at the newest week.
    frame.current?.scrollTo({ left: frame.current.scrollWidth });
  }, [year.first]);

  const point = (date: string, cell: HTMLElement) => {
    const [outer, inner] = [root.current?.getBoundingClientRect(), cell.getBoundingClientRect()];
    if (outer === undefined) return;
    const middle = inner.left - outer.left + inner.width / 2;
    setCurrent(date);
    setTip({ x: Math.min(outer.width - TIP_HALF, Math.max(TIP_HALF, middle)), y: inner.top - outer.top });
  };
  const leave = () => {
    setTip(null);
    if (!isTouch.current) setCurrent(null);
  };
  const open = (date: string) => goTo(exploreDays(site, null, date, date));
  const onKeyDown = (event: KeyboardEvent) => {
    const at = days.findIndex(({ day }) => day.date === reachable);
    const index = indexByKey(event.key, at, days.length, STEPS);
    const next = index === null ? undefined : days[index];
    if (next === undefined) return;
    event.preventDefault();
    root.current?.querySelector<HTMLButtonElement>(`[data-date="${next.day.date}"]`)?.focus();
  };
  const columns = yearColumns(year);
  return (
    <div ref={root} class="year" onPointerLeave={leave}>
      <div ref={frame} class="year-frame" onScroll={() => setTip(null)}>
        <table class="year-grid" onKeyDown={onKeyDown}>
          <caption class="visually-hidden">
            Stored days, one column per week. Arrow keys move between days; Enter opens the day in Explore.
          </caption>
          <thead>
            <tr>
              <td />
              {columns.map(({ dates, month }) => (
                <th key={dates[0]} scope="col">
                  {month !== null && (
                    <span>
                      {month.name}
                      {month.name === "Jan" && ` ${month.year}`}
                    </span>
                  )}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {WEEKDAYS.map((weekday, row) => (
              <tr key={weekday}>
                <th scope="row" abbr={weekday}>
                  <span class={row % 2 === 0 ? undefined : "visually-hidden"}>{weekday.slice(0, 3)}</span>
                </th>
                {columns.map(({ dates }) => {
                  const shown = byDate.get(dates[row] ?? "");
                  if (shown === undefined) return <td key={dates[0]} />;
                  const { date } = shown.day;
                  return (
                    <td key={dates[0]}>
                      <button
                        type="button"
                        class={`day-mark ${shown.state}${isTouch.current && date === current ? " chosen" : ""}`}
                        data-date={date}
                        tabIndex={date === reachable ? 0 : -1}
                        aria-label={`${dateText(date)}: ${COVERAGE_LABELS[shown.state]}, ${dayFigures(shown).join(", ")}`}
                        onPointerDown={(event) => (isTouch.current = event.pointerType !== "mouse")}
                        onPointerEnter={(event) => {
                          if (event.pointerType === "mouse") point(date, event.currentTarget);
                        }}
                        onFocus={(event) => point(date, event.currentTarget)}
                        onBlur={() => setTip(null)}
                        onClick={(event) => {
                          // A first touch shows the figures; a touch screen has no Enter key.
                          if (isTouch.current && event.detail > 0) setCurrent(date);
                          else open(date);
                        }}
                      />
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {chosen !== undefined && tip !== null && (
        <div class="day-tip number pointer-only" style={{ left: `${tip.x}px`, top: `${tip.y}px` }} aria-hidden="true">
          <strong>
            {dateText(chosen.day.date)} <span>{COVERAGE_LABELS[chosen.state]}</span>
          </strong>
          <Figures day={chosen} />
        </div>
      )}
      <div class="year-readout touch-only">
        {chosen === undefined ? (
          <p class="quiet">Touch a day to see its figures.</p>
        ) : (
          <>
            <p class="number">
              <strong>
                {dateText(chosen.day.date)}: {COVERAGE_LABELS[chosen.state]}
              </strong>{" "}
              <Figures day={chosen} />
            </p>
            <button type="button" class="button" onClick={() => open(chosen.day.date)}>
              Open this day <Icon name="right" />
            </button>
          </>
        )}
      </div>
    </div>
  );
}

function Figures({ day }: { readonly day: ShownDay }) {
  return <span class="quiet">{dayFigures(day).join(" · ").replace(" · of", " of")}</span>;
}
