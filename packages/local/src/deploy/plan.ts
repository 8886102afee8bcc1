import type { WorkerName } from "../worker-names.ts";
import type { Existing } from "./existing.ts";
import { expires, formatRule, isStagingRule, STAGING_RULE } from "./lifecycle-rules.ts";
import type { Wanted } from "./wanted.ts";
import { secretCommand, WORKER_SECRETS } from "./worker-secrets.ts";

/** A missing part that a deploy creates. A new rule deletes only unfinished builds. */
export type Creation = "bucket" | "rule" | "namespace";

/** The steps for one database. */
export interface DatabasePlan {
  readonly name: string;
  readonly create: boolean;
  /** file names of migrations to apply */
  readonly migrate: readonly string[];
  /** it holds data, so its bookmark is taken first */
  readonly bookmark: boolean;
}

export interface MissingSecret {
  readonly worker: WorkerName;
  readonly secret: string;
}

/** The steps of a deploy, in this order. */
export interface DeployPlan {
  /** reasons against the deploy; it must not begin if there are any */
  readonly refusals: readonly string[];
  readonly databases: readonly DatabasePlan[];
  readonly create: readonly Creation[];
  /** required secrets that are not set; a deploy begins only when all are */
  readonly missingSecrets: readonly MissingSecret[];
  /** the bucket's own staging rule, if it differs from ours */
  readonly replacedRule: string | null;
  /** optional settings that are not set */
  readonly notes: readonly string[];
}

/** Plans the steps from `existing` to `wanted`. */
export function planDeploy(wanted: Wanted, existing: Existing): DeployPlan {
  const { rules, namespace } = existing;
  const rule = rules?.find(({ id }) => id === STAGING_RULE.id);
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
    replacedRule: rule === undefined || isStagingRule(rule) ? null : formatRule(rule),
    notes: notesOf(wanted, existing),
  };
}

/** The steps of a plan that cannot simply be undone. */
export function irrevocable({ databases, replacedRule }: DeployPlan): string[] {
  return [
    ...databases.flatMap(({ name, migrate, bookmark }) =>
      bookmark ? [`migrate ${name}, which holds data: ${migrate.join(", ")}`] : [],
    ),
    ...(replacedRule === null ? [] : [`replace the lifecycle rule "${STAGING_RULE.id}" (${replacedRule})`]),
  ];
}

function refusalsOf({ migrations, bucket }: Wanted, existing: Existing): string[] {
  const known = new Set(migrations);
  const dangerous = existing.rules?.filter((rule) => expires(rule, "timeseries/")) ?? [];
  return [
    ...[...existing.databases].flatMap(([name, { applied }]) => {
      const newer = applied.filter((file) => !known.has(file));
      const text = `${name} has migrations that this checkout lacks: ${newer.join(", ")}. Deploy from a newer checkout.`;
      return newer.length === 0 ? [] : [text];
    }),
    ...dangerous.map(
      (rule) =>
        `The lifecycle rule "${rule.id}" of ${bucket} would delete day files (${formatRule(rule)}). Remove it if nothing needs it:\n` +
        `  npx wrangler r2 bucket lifecycle remove ${bucket} --name "${rule.id}"`,
    ),
  ];
}

function notesOf({ environment, workers }: Wanted, existing: Existing): string[] {
  return workers.flatMap(({ worker, hasAccess }) => {
    const set = new Set(existing.workers.get(worker)?.secrets);
    return WORKER_SECRETS[worker].optional.flatMap((name) => {
      const effect = set.has(name) ? null : effectWithout(name, hasAccess);
      return effect === null
        ? []
        : [`${name} is not set: ${effect}. To set it:\n  ${secretCommand(environment, worker, name)}`];
    });
  });
}

/** The effect of an optional secret that is not set; null: no effect. */
function effectWithout(secret: string, hasAccess: boolean): string | null {
  if (secret === "ALERT_WEBHOOK_URL") return "alerts are shown in the dashboard and sent to nobody";
  if (secret === "QUERY_TOKEN" && !hasAccess) return "anyone with the address can read the samples";
  return null;
}
