import type { BackfillSite } from "@building-vitals/core/backfill/backfill-site";
import { instanceName } from "@building-vitals/core/backfill/instance-store";
import type { Instances, InstanceState } from "@building-vitals/core/backfill/supervise";
import type { MonthInstances } from "@building-vitals/core/months/supervise-months";
import type { SettleInstances } from "@building-vitals/core/settle/supervise-settling";
import { type InstanceParams, startInstance } from "./instance-params.ts";

/** Maps a Workflow instance's status to the supervisor's states. */
function stateOf({ status, error }: InstanceStatus): InstanceState {
  switch (status) {
    case "queued":
    case "running":
    case "paused":
    case "waiting":
    case "waitingForPause":
    // it will end soon
    case "rollingBack":
    // An unknown status does not prove that the instance ended.
    case "unknown":
      return { is: "alive" };
    case "complete":
      return { is: "ended", reason: null };
    case "errored":
      return { is: "ended", reason: error?.message ?? null };
    case "terminated":
      return { is: "ended", reason: "it was terminated" };
  }
}

async function findInstance(workflow: Workflow<InstanceParams>, id: string): Promise<InstanceState> {
  let instance: WorkflowInstance;
  try {
    instance = await workflow.get(id);
  } catch {
    // If only the engine's answer was lost, starting an existing instance again does no harm.
    return { is: "absent" };
  }
  return stateOf(await instance.status());
}

/** The instances that settle days of a site. @param site with its id in its own database */
export function settleInstancesOf(workflow: Workflow<InstanceParams>, site: BackfillSite): SettleInstances {
  return {
    find: ({ instance }) => findInstance(workflow, instance),
    start: (appointed) => startInstance(workflow, { kind: "settle", site, ...appointed }),
  };
}

/** The instances that build months of a site. @param site with its id in its own database */
export function monthInstancesOf(workflow: Workflow<InstanceParams>, site: BackfillSite): MonthInstances {
  return {
    find: ({ instance }) => findInstance(workflow, instance),
    start: (appointed) => startInstance(workflow, { kind: "month", site, ...appointed }),
  };
}

/** The instances of backfills. */
export function instancesOf(workflow: Workflow<InstanceParams>): Instances {
  return {
    find: (ticket) => findInstance(workflow, instanceName(ticket)),
    start: ({ backfillId, epoch, site, number, replaceSuspect }) =>
      startInstance(workflow, { kind: "backfill", backfillId, epoch, site, number, replaceSuspect }),
  };
}
