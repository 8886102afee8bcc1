import type { WorkerName } from "../worker-names.ts";
import type { Existing } from "./account.ts";
import { expires } from "./lifecycle-rules.ts";
import { STAGING_EXPIRES_DAYS, type Wanted } from "./wanted.ts";
import { WORKER_SECRETS } from "./worker-secrets.ts";

/** The rule that removes what a dead build left behind. */
export const STAGING_RULE = { name: "staging", prefix: "staging/" } as const;

const ACTION = `Expire objects after ${STAGING_EXPIRES_DAYS} days`;

/** What is missing, and is made. A rule that is new deletes nothing but litter. */
export type Creation = "bucket" | "rule" | "namespace";

/** What is to be done to a database. */
export interface DatabasePlan {
  readonly name: string;
  readonly create: boolean;
  /** file names of migrations to apply */
  readonly migrate: readonly string[];
  /** it holds data, so a point in time is noted to which it can be restored */
  readonly bookmark: boolean;
}

export interface MissingSecret {
  readonly worker: WorkerName;
  readonly secret: string;
}

/** What a deploy would do, in this order. */
export interface DeployPlan {
  /** why nothing can be done at all */
  readonly refusals: readonly string[];
  readonly databases: readonly DatabasePlan[];
  readonly create: readonly Creation[];
  /** secrets that lack: what is to be created is, and nothing more */
  readonly missingSecrets: readonly MissingSecret[];
  /** what the staging rule is now, where it is another one than ours */
  readonly replacedRule: string | null;
  /** what whoever deploys should know */
  readonly notes: readonly string[];
}

/** What to do for an account that has `existing` to have what is `wanted`. */
export function planDeploy(wanted: Wanted, existing: Existing): DeployPlan {
  const { rules, namespace } = existing;
  const rule = rules?.find(({ name }) => name === STAGING_RULE.name);
  const isOurs = rule?.enabled === true && rule.prefix === STAGING_RULE.prefix && rule.action === ACTION;
  const create: Creation[] = [
    ...(rules === null ? ["bucket" as const] : []),
    ...(rule === undefined ? ["rule" as const] : []),
    ...(namespace === null ? ["namespace" as const] : []),
  ];
  return {
    refusals: refusalsOf(wanted, existing),
    databases: wanted.databases.map((name) => {
      const database = existing.databases.get(name);
      const applied = new Set(database?.applied);
      const migrate = wanted.migrations.filter((file) => !applied.has(file));
      const bookmark = migrate.length > 0 && database?.hasTables === true;
      return { name, create: database === undefined, migrate, bookmark };
    }),
    create,
    missingSecrets: wanted.workers.flatMap(({ worker }) => {
      const set = new Set(existing.workers.get(worker)?.secrets);
      return WORKER_SECRETS[worker].required.filter((name) => !set.has(name)).map((secret) => ({ worker, secret }));
    }),
    replacedRule: rule === undefined || isOurs ? null : `${rule.prefix}: ${rule.action}${rule.enabled ? "" : " (off)"}`,
    notes: notesOf(wanted, existing),
  };
}

/** What of a plan cannot simply be taken back. */
export function irrevocable({ databases, replacedRule }: DeployPlan): string[] {
  return [
    ...databases.flatMap(({ name, migrate, bookmark }) =>
      bookmark ? [`migrate ${name}, which holds data: ${migrate.join(", ")}`] : [],
    ),
    ...(replacedRule === null ? [] : [`replace the lifecycle rule "${STAGING_RULE.name}" (${replacedRule})`]),
  ];
}

function refusalsOf({ migrations, bucket }: Wanted, existing: Existing): string[] {
  const known = new Set(migrations);
  const dangerous = existing.rules?.filter((rule) => expires(rule, "timeseries/")) ?? [];
  return [
    ...[...existing.databases].flatMap(([name, { applied }]) => {
      const newer = applied.filter((file) => !known.has(file));
      const text = `${name} has migrations that this checkout lacks: ${newer.join(", ")}. Deploy the newer one.`;
      return newer.length === 0 ? [] : [text];
    }),
    ...dangerous.map(
      ({ name, action }) =>
        `The lifecycle rule "${name}" of ${bucket} would delete day files (${action}). If nobody needs it:\n` +
        `  npx wrangler r2 bucket lifecycle remove ${bucket} --name "${name}"`,
    ),
  ];
}

function notesOf({ workers }: Wanted, existing: Existing): string[] {
  return workers.flatMap(({ worker, hasAccess }) => {
    const set = new Set(existing.workers.get(worker)?.secrets);
    const unset = WORKER_SECRETS[worker].optional.filter((name) => !set.has(name));
    return unset.flatMap((name) => {
      if (name === "ALERT_WEBHOOK_URL") return ["ALERT_WEBHOOK_URL is not set: alerts are shown, but told to nobody"];
      if (name === "QUERY_TOKEN" && !hasAccess) return ["QUERY_TOKEN is not set: everybody may read the samples"];
      return [];
    });
  });
}
