import { useRef, useState } from "preact/hooks";
import { indexByKey } from "../ui/index-by-key.ts";
import type { KnownDay } from "./backfill-api.ts";
import { bytesText, formatCount, dateText, settlingFigures } from "./format-backfill.ts";
import { DAY_MEANINGS, DAY_LABELS, monthBlocks, type ShownState } from "./job-days.ts";

interface GridDay {
  readonly day: KnownDay;
  readonly state: ShownState;
}

const STATES: readonly ShownState[] = [
  "written",
  "provisional",
  "confirmed-empty",
  "skipped",
  "pending",
  "suspect",
  "failed",
  "deleted",
  "awaiting",
  "missing",
];
const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const STEPS: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };

/** A calendar of days by state; a chosen day shows its details. */
export function DayGrid({ days }: { readonly days: readonly GridDay[] }) {
  const [chosen, setChosen] = useState<string | null>(null);
  const root = useRef<HTMLDivElement>(null);
  const byDate = new Map(days.map((entry) => [entry.day.date, entry]));
  const current = (chosen === null ? undefined : byDate.get(chosen)) ?? null;
  const reachable = current?.day.date ?? days.at(-1)?.day.date;
  const onKeyDown = (event: KeyboardEvent) => {
    const at = days.findIndex(({ day }) => day.date === reachable);
    const index = indexByKey(event.key, at, days.length, STEPS);
    const next = index === null ? undefined : days[index];
    if (next === undefined) return;
    event.preventDefault();
    setChosen(next.day.date);
    root.current?.querySelector<HTMLButtonElement>(`[data-date="${next.day.date}"]`)?.focus();
  };
  const counts = Map.groupBy(days, ({ state }) => state);
  return (
    <div class="stack">
      <ul class="legend">
        {STATES.filter((state) => counts.has(state)).map((state) => (
          <li key={state} title={DAY_MEANINGS[state]}>
            <i class={`day-mark ${state}`} aria-hidden="true" />
            {DAY_LABELS[state]} <span class="quiet number">{counts.get(state)!.length.toLocaleString("en")}</span>
            <span class="visually-hidden">: {DAY_MEANINGS[state]}</span>
          </li>
        ))}
      </ul>
      <div ref={root} class="months" onKeyDown={onKeyDown}>
        {monthBlocks(days.map(({ day }) => day.date)).map(({ month, weeks }) => (
          <table key={month} class="month">
            <caption>
              {new Date(month).toLocaleDateString("en", { month: "long", year: "numeric", timeZone: "UTC" })}
            </caption>
            <thead>
              <tr>
                {WEEKDAYS.map((name) => (
                  <th key={name} scope="col" abbr={name}>
                    {name.slice(0, 1)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {weeks.map((week) => (
                <tr key={week.find((date) => date !== null)}>
                  {week.map((date, weekday) => {
                    const entry = date === null ? undefined : byDate.get(date);
                    if (entry === undefined) return <td key={WEEKDAYS[weekday]} />;
                    return (
                      <td key={WEEKDAYS[weekday]}>
                        <button
                          type="button"
                          class={`day-mark ${entry.state}`}
                          data-date={date}
                          tabIndex={date === reachable ? 0 : -1}
                          aria-pressed={date === chosen}
                          aria-label={`${dateText(entry.day.date)}: ${DAY_LABELS[entry.state]}`}
                          title={`${dateText(entry.day.date)}: ${DAY_LABELS[entry.state]}`}
                          onClick={() => setChosen(entry.day.date === chosen ? null : entry.day.date)}
                        >
                          {Number(entry.day.date.slice(8))}
                        </button>
                      </td>
                    );
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        ))}
      </div>
      <p class="day-readout number" role="status">
        {current === null ? <span class="quiet">Choose a day to see its details.</span> : dayDetails(current)}
      </p>
    </div>
  );
}

function dayDetails({ day, state }: GridDay) {
  const parts = [
    ...(day.records > 0
      ? [formatCount(day.records, "sample"), formatCount(day.points, "point"), bytesText(day.bytes)]
      : []),
    ...(day.source === "d1" ? ["built from the sync's samples"] : []),
    ...(day.updated_at === null
      ? []
      : [`built ${new Date(day.updated_at).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" })}`]),
    ...(day.reason === null ? [] : [day.reason]),
    ...(day.settled_at === null && day.due_at === null ? [] : settlingFigures(day)),
  ];
  return (
    <>
      <strong>
        {dateText(day.date)}: {DAY_LABELS[state]}
      </strong>{" "}
      <span class="quiet">
        {(parts.length === 0 || state === "awaiting" || state === "provisional"
          ? [DAY_MEANINGS[state], ...parts]
          : parts
        ).join(" · ")}
      </span>
    </>
  );
}
