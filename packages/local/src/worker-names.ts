export const WORKER_NAMES = ["etl", "backfill", "query"] as const;
export type WorkerName = (typeof WORKER_NAMES)[number];
