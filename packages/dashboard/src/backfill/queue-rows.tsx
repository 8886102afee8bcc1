import { useAction } from "../api/use-action.ts";
import { Refusal } from "../ui/refusal.tsx";
import { cancelBackfill, type QueuedJob } from "./backfill-api.ts";
import { datesText } from "./format-backfill.ts";

interface QueueRowsProps {
  readonly queue: readonly QueuedJob[];
  readonly onCancelled: () => void;
}

/** The queued backfills, in their order. */
export function QueueRows({ queue, onCancelled }: QueueRowsProps) {
  const removing = useAction();
  const remove = async (id: string) => {
    if (await removing.run(() => cancelBackfill(id))) onCancelled();
  };
  return (
    <section class="stack" aria-labelledby="queue-title">
      <h3 id="queue-title">Waiting</h3>
      {removing.error !== null && <Refusal lead="Could not remove it from the queue." error={removing.error} />}
      <ol class="queue-rows">
        {queue.map(({ backfill_id: id, start_date: from, end_date: to, sites, force_restart: isForced }) => (
          <li key={id}>
            <span>
              <span class="number">{datesText(from, to)}</span>{" "}
              <span class="quiet">
                {sites.join(", ")}
                {isForced ? " · finished days again" : ""}
              </span>
            </span>
            <button type="button" class="button" disabled={removing.isBusy} onClick={() => void remove(id)}>
              Remove<span class="visually-hidden"> {datesText(from, to)} from the queue</span>
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}
