import { z } from "zod";

/** The parts of a D1 binding that this needs; Miniflare provides them in Node. */
interface Database {
  prepare(sql: string): { all(): Promise<{ results: unknown[] }> };
}

/** The parts of a Workflow binding that this needs. */
export interface WorkflowBinding {
  get(id: string): Promise<{
    status(): Promise<{ status: string }>;
    sendEvent(event: { type: string; payload: unknown }): Promise<void>;
  }>;
}

/** The instances that should be running. */
const AT_WORK = `
SELECT i.instance FROM backfill_instances i JOIN backfill_jobs j ON j.backfill_id = i.backfill_id
WHERE j.status = 'in_progress'`;

const rowsSchema = z.array(z.object({ instance: z.string() }));

/**
 * Resumes the backfill's Workflow instances that were running when the system stopped. The platform resumes them by
 * itself; Miniflare keeps an instance, but runs it again only when an event arrives. Finished steps are not repeated.
 * @returns the number of resumed instances; the supervisor handles those that the engine does not know
 */
export async function wakeWorkflows(database: Database, workflow: WorkflowBinding): Promise<number> {
  const { results } = await database.prepare(AT_WORK).all();
  let woken = 0;
  for (const { instance: id } of rowsSchema.parse(results)) {
    const instance = await workflow.get(id).catch(() => null);
    if (instance === null) continue;
    const { status } = await instance.status();
    if (status !== "running" && status !== "queued" && status !== "waiting") continue;
    // the event only wakes the instance; no step waits for it
    await instance.sendEvent({ type: "local-restart", payload: null });
    woken++;
  }
  return woken;
}
