import { Icon } from "../ui/icon.tsx";
import type { Plan } from "./backfill-api.ts";
import { planFigures } from "./backfill-words.ts";

/** What a backfill would come to, before anything is started. */
export function PlanFigures({ plan, isForced }: { readonly plan: Plan; readonly isForced: boolean }) {
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
      {isForced && plan.days > 0 && (
        <div class="notice">
          <Icon name="warning" />
          <p>The files of finished days will be replaced.</p>
        </div>
      )}
    </div>
  );
}
