import type { WorkerName } from "../worker-names.ts";
import { type DeployPlan, irrevocable, STAGING_RULE } from "./plan.ts";
import { DEPLOY_ORDER, STAGING_EXPIRES_DAYS, type Wanted } from "./wanted.ts";

const LABEL_WIDTH = 11;

/** A line of the story: what it is about, and what of it. */
export function told(label: string, text: string): string {
  return label.padEnd(LABEL_WIDTH) + text;
}

/** What each thing that can be created is called. */
export function creationNames({ bucket, namespace }: Wanted) {
  return {
    bucket: `the R2 bucket ${bucket}`,
    rule: `the bucket's rule that ${STAGING_RULE.prefix} expires after ${STAGING_EXPIRES_DAYS} days`,
    namespace: `the KV namespace ${namespace}`,
  } as const;
}

/** What a database is called where one is created. */
export function databaseName(name: string): string {
  return `the D1 database ${name}`;
}

/** The plan, all of it. */
export function planLines(wanted: Wanted, plan: DeployPlan): string[] {
  const names = creationNames(wanted);
  return [
    ...plan.databases.filter(({ create }) => create).map(({ name }) => told("create", databaseName(name))),
    ...plan.create.map((what) => told("create", names[what])),
    ...plan.databases.flatMap(({ name, migrate, bookmark }) => [
      ...(migrate.length === 0 ? [] : [told("migrate", `${name}: ${migrate.join(", ")}`)]),
      ...(bookmark ? [told("", "it holds data: a point to restore it to is noted first")] : []),
    ]),
    told("deploy", DEPLOY_ORDER.join(", ")),
    ...plan.notes.map((note) => told("mind", note)),
    ...irrevocable(plan).map((text) => told("careful", text)),
    ...missingLines(wanted, plan),
  ];
}

/** Secrets that lack, and the commands that set them; a secret is typed in there, and nowhere else. */
export function missingLines({ environment }: Wanted, { missingSecrets }: DeployPlan): string[] {
  return missingSecrets.flatMap(({ worker, secret }) => [
    told("missing", `${secret} of ${worker}. To set it:`),
    `  npx wrangler secret put ${secret} --env ${environment} -c wrangler.${worker}.toml`,
  ]);
}

/** A point in time to which a database can be restored. */
export interface Bookmark {
  readonly database: string;
  readonly bookmark: string;
}

/** How to go back from a version that is not well. @param before null: there is no single one that was there before */
export function rollbackLines(
  { environment }: Wanted,
  worker: WorkerName,
  before: string | null,
  bookmarks: readonly Bookmark[],
): string[] {
  const back =
    before === null
      ? ["There is no version before it to go back to."]
      : ["To go back:", `  npx wrangler rollback ${before} --env ${environment} -c wrangler.${worker}.toml`];
  if (bookmarks.length === 0) return back;
  return [
    ...back,
    "The schema was migrated, and older code needs the older one. To restore the database to what it was before (what",
    "was stored since is asked of the API again; docs/operations.md, Rollback):",
    ...bookmarks.map(
      ({ database, bookmark }) => `  npx wrangler d1 time-travel restore ${database} --bookmark=${bookmark}`,
    ),
  ];
}
