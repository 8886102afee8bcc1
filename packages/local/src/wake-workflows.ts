import { z } from "zod";

/** What this needs of a D1 binding; Miniflare hands one out in Node. */
interface Database {
  prepare(sql: string): { all(): Promise<{ results: unknown[] }> };
}

/** What this needs of a Workflow binding. */
export interface WorkflowBinding {
  get(id: string): Promise<{
    status(): Promise<{ status: string }>;
    sendEvent(event: { type: string; payload: unknown }): Promise<void>;
  }>;
}

/** The instances that should be at work. */
const AT_WORK = `
SELECT i.instance FROM backfill_instances i JOIN backfill_jobs j ON j.backfill_id = i.backfill_id
WHERE j.status = 'in_progress'`;

const rowsSchema = z.array(z.object({ instance: z.string() }));

/**
 * Lets the backfill's Workflow instances go on that were at work when the system was stopped, or killed. The platform
 * does so by itself; Miniflare keeps an instance, but runs it again only when an event comes for it. What it has done
 * already it does not do again.
 * @returns how many were woken; those that the engine does not know are the supervisor's
 */
export async function wakeWorkflows(database: Database, workflow: WorkflowBinding): Promise<number> {
  const { results } = await database.prepare(AT_WORK).all();
  let woken = 0;
  for (const { instance: id } of rowsSchema.parse(results)) {
    const instance = await workflow.get(id).catch(() => null);
    if (instance === null) continue;
    const { status } = await instance.status();
    if (status !== "running" && status !== "queued" && status !== "waiting") continue;
    // nobody waits for it: it is to wake the instance and nothing more
    await instance.sendEvent({ type: "local-restart", payload: null });
    woken++;
  }
  return woken;
}
