import { Icon } from "../ui/icon.tsx";
import { type Day, formatDate } from "./calendar.ts";
import { daysOf, type PatternsState, shifted } from "./patterns-state.ts";

interface PatternsToolbarProps {
  readonly state: PatternsState;
  readonly today: Day;
  readonly onChange: (changed: Partial<PatternsState>) => void;
}

const LENGTHS = [
  { id: "month", label: "Month" },
  { id: "year", label: "Year" },
] as const;

/** Chooses the shown days. */
export function PatternsToolbar({ state, today, onChange }: PatternsToolbarProps) {
  const { first, last } = daysOf(state, today);
  const isNewest = last === today;
  const how = { month: "short", day: "numeric", year: "numeric" } as const;
  return (
    <div class="toolbar patterns-toolbar" role="group" aria-label="Days">
      <div class="segments" role="group" aria-label="How long">
        {LENGTHS.map(({ id, label }) => (
          <button key={id} type="button" aria-pressed={state.span === id} onClick={() => onChange({ span: id })}>
            {label}
          </button>
        ))}
      </div>
      <div class="row patterns-moves">
        <button
          type="button"
          class="icon-button"
          aria-label={`The ${state.span} before`}
          onClick={() => onChange({ to: shifted(state, today, -1) })}
        >
          <Icon name="left" />
        </button>
        <span class="patterns-days number">
          {formatDate(first, how)} – {formatDate(last, how)}
        </span>
        <button
          type="button"
          class="icon-button"
          aria-label={`The ${state.span} after`}
          disabled={isNewest}
          onClick={() => onChange({ to: shifted(state, today, 1) })}
        >
          <Icon name="right" />
        </button>
        {!isNewest && (
          <button type="button" class="button" onClick={() => onChange({ to: null })}>
            Today
          </button>
        )}
      </div>
    </div>
  );
}
