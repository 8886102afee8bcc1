import type { WorkerName } from "../worker-names.ts";

interface WorkerSecrets {
  readonly required: readonly string[];
  readonly optional: readonly string[];
}

/** The secrets of each Worker; the heads of the wrangler files describe them. */
export const WORKER_SECRETS: Readonly<Record<WorkerName, WorkerSecrets>> = {
  etl: { required: ["ACE_API_KEY", "ADMIN_TOKEN"], optional: ["ALERT_WEBHOOK_URL"] },
  backfill: { required: ["ACE_API_KEY", "ADMIN_TOKEN"], optional: [] },
  query: { required: ["ADMIN_TOKEN"], optional: ["QUERY_TOKEN"] },
};

/** The command that asks for a secret's value; a deploy never reads one. */
export function secretCommand(environment: string, worker: WorkerName, secret: string): string {
  return `npx wrangler secret put ${secret} --env ${environment} -c wrangler.${worker}.toml`;
}
