import type { Site } from "../api/sites.ts";
import { useAction } from "../api/use-action.ts";
import { Refusal, formatRefusal } from "../ui/refusal.tsx";
import { useState } from "preact/hooks";
import { type BackfillBody, fetchPlan, type Plan, startBackfill } from "./backfill-api.ts";
import { type BackfillState, type FieldProblem, lastDays, problemOfDates, yesterday } from "./backfill-state.ts";
import { formatCount } from "./format-backfill.ts";
import { PlanFigures } from "./plan-figures.tsx";

interface PlanFormProps {
  readonly site: Site;
  readonly state: BackfillState;
  readonly setState: (state: BackfillState) => void;
  /** whether a backfill is running: a new one is queued */
  readonly isRunning: boolean;
  readonly onStarted: () => void;
  /** Another backfill may have been started elsewhere. */
  readonly onRefused: () => void;
}

const PRESETS = [
  { days: 7, label: "7 days" },
  { days: 30, label: "30 days" },
  { days: 90, label: "90 days" },
  { days: 365, label: "1 year" },
] as const;

/** The form of a backfill, its plan, and the button that starts it. */
export function PlanForm({ site, state, setState, isRunning, onStarted, onRefused }: PlanFormProps) {
  const now = Date.now();
  const [isForced, setForced] = useState(false);
  const [plan, setPlan] = useState<{ readonly key: string; readonly plan: Plan } | null>(null);
  const planning = useAction();
  const starting = useAction();
  const body: BackfillBody = {
    start_date: state.from,
    end_date: state.to,
    ...(isForced ? { force_restart: true } : {}),
    ...(state.scope === "site" ? { sites: [site.name] } : {}),
  };
  // A plan belongs to the requested range, not to the form's present input.
  const key = JSON.stringify(body);
  const planned = plan?.key === key ? plan.plan : null;
  const problem = problemOfDates(state, now);
  const problemOf = (field: FieldProblem["field"]): string | null => {
    if (problem?.field === field) return problem.text;
    const refused = [planning.error, starting.error].find((error) => error?.field === field);
    return refused === undefined || refused === null ? null : formatRefusal(refused);
  };
  const change = (part: Partial<BackfillState>) => {
    planning.clear();
    starting.clear();
    setState({ ...state, ...part });
  };
  const makePlan = (event: Event) => {
    event.preventDefault();
    if (problem === null) void planning.run(async () => setPlan({ key, plan: await fetchPlan(body) }));
  };
  const start = async () => {
    if (!(await starting.run(() => startBackfill(body)))) {
      onRefused();
      return;
    }
    setPlan(null);
    setForced(false);
    onStarted();
  };
  const dateField = (field: "start_date" | "end_date", label: string, name: "from" | "to") => (
    <label class="field">
      <span>{label}</span>
      <input
        class="input"
        type="date"
        value={state[name]}
        max={yesterday(now)}
        aria-invalid={problemOf(field) !== null}
        aria-describedby={`${field}-error`}
        onInput={(event) => change({ [name]: event.currentTarget.value })}
      />
    </label>
  );
  const fieldError = (field: FieldProblem["field"]) => (
    <p id={`${field}-error`} class="field-error" role="alert" hidden={problemOf(field) === null}>
      {problemOf(field)}
    </p>
  );
  const isPreset = (days: number) => {
    const { from, to } = lastDays(days, now);
    return state.from === from && state.to === to;
  };
  return (
    <section class="card backfill-form" aria-labelledby="backfill-form-title">
      <form class="stack" onSubmit={makePlan} noValidate>
        <div>
          <h2 id="backfill-form-title">Fetch past days</h2>
          <p class="quiet">Stored days stay unchanged.</p>
        </div>
        <div class="segments" role="group" aria-label="Up to yesterday">
          {PRESETS.map(({ days, label }) => (
            <button
              key={days}
              type="button"
              aria-pressed={isPreset(days)}
              aria-label={`Last ${label}`}
              onClick={() => change(lastDays(days, now))}
            >
              {label}
            </button>
          ))}
        </div>
        <div class="backfill-dates">
          {dateField("start_date", "First day", "from")}
          {dateField("end_date", "Last day", "to")}
        </div>
        {fieldError("start_date")}
        {fieldError("end_date")}
        <label class="field">
          <span>Site</span>
          <select
            class="select"
            value={state.scope}
            aria-describedby="sites-error"
            onChange={(event) => change({ scope: event.currentTarget.value === "all" ? "all" : "site" })}
          >
            <option value="site">{site.name}</option>
            <option value="all">All sites</option>
          </select>
        </label>
        {fieldError("sites")}
        <details class="advanced" open={isForced}>
          <summary>Advanced</summary>
          <label class="check">
            <input type="checkbox" checked={isForced} onChange={(event) => setForced(event.currentTarget.checked)} />
            <span>Fetch finished days again</span>
          </label>
          <p class="quiet">
            Fetches every day between the dates again and replaces its file, at full cost. Use it for suspect days, or
            for days that the building's API has corrected. If a day fails, its stored samples stay.
          </p>
        </details>
        {planned !== null && <PlanFigures plan={planned} isForced={isForced} />}
        {planning.error !== null && planning.error.field === null && (
          <Refusal lead="Could not plan." error={planning.error} />
        )}
        {starting.error !== null && starting.error.field === null && (
          <Refusal lead="Could not start it." error={starting.error} />
        )}
        {planned === null ? (
          <button type="submit" class="button primary" disabled={planning.isBusy || problem !== null}>
            {planning.isBusy ? "Planning…" : "Plan"}
          </button>
        ) : (
          <button
            type="button"
            class="button primary"
            disabled={starting.isBusy || planned.days === 0}
            onClick={() => void start()}
          >
            {starting.isBusy ? "Starting…" : formatStart(planned.days, isRunning)}
          </button>
        )}
        {planned !== null && isRunning && <p class="quiet">A backfill is running. This one starts when it ends.</p>}
      </form>
    </section>
  );
}

function formatStart(days: number, isRunning: boolean): string {
  if (days === 0) return "Nothing to fetch";
  return `${isRunning ? "Add to the queue" : "Start"}: ${formatCount(days, "day")}`;
}
