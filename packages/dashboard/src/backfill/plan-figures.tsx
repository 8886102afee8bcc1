import { Icon } from "../ui/icon.tsx";
import type { Plan } from "./backfill-api.ts";
import { formatCount, planFigures } from "./format-backfill.ts";

/** The plan of a backfill, before it starts. */
export function PlanFigures({ plan, isForced }: { readonly plan: Plan; readonly isForced: boolean }) {
  if (plan.days === 0) {
    return (
      <p class="plan" role="status" aria-label="Plan">
        <strong>Nothing to fetch.</strong>{" "}
        <span class="quiet">{formatCount(plan.days_skipped, "day")} are stored already.</span>
      </p>
    );
  }
  return (
    <div class="stack plan" role="status" aria-label="Plan">
      <dl class="figures">
        {planFigures(plan).map(({ label, value, note }) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd class="number">{value}</dd>
            {note !== null && <dd class="quiet number">{note}</dd>}
          </div>
        ))}
      </dl>
      {isForced && (
        <div class="notice">
          <Icon name="warning" />
          <p>The files of finished days will be replaced.</p>
        </div>
      )}
    </div>
  );
}
