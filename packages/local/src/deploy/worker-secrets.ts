import type { WorkerName } from "../worker-names.ts";

interface WorkerSecrets {
  readonly required: readonly string[];
  readonly optional: readonly string[];
}

/** The secrets of each Worker, as the heads of the wrangler files tell of them. */
export const WORKER_SECRETS: Readonly<Record<WorkerName, WorkerSecrets>> = {
  etl: { required: ["ACE_API_KEY", "ADMIN_TOKEN"], optional: ["ALERT_WEBHOOK_URL"] },
  backfill: { required: ["ACE_API_KEY", "ADMIN_TOKEN"], optional: [] },
  query: { required: ["ADMIN_TOKEN"], optional: ["QUERY_TOKEN"] },
};
