import { STAGING_RULE } from "./lifecycle-rules.ts";
import { type DeployPlan, irrevocable } from "./plan.ts";
import { DEPLOY_ORDER, STAGING_EXPIRES_DAYS, type Wanted } from "./wanted.ts";
import { secretCommand } from "./worker-secrets.ts";

const LABEL_WIDTH = 11;

/** A line of a deploy's output: a label in its column, then the text. */
export function formatDeployLine(label: string, text: string): string {
  return label.padEnd(LABEL_WIDTH) + text;
}

/** The names of the parts that a deploy can create. */
export function creationNames({ bucket, namespace }: Wanted) {
  return {
    bucket: `the R2 bucket ${bucket}`,
    rule: `the bucket's rule that ${STAGING_RULE.conditions.prefix} expires after ${STAGING_EXPIRES_DAYS} days`,
    namespace: `the KV namespace ${namespace}`,
  } as const;
}

export function databaseName(name: string): string {
  return `the D1 database ${name}`;
}

/** The plan without the missing secrets. */
export function formatDeployPlan(wanted: Wanted, plan: DeployPlan): string[] {
  const names = creationNames(wanted);
  return [
    ...plan.databases.filter(({ create }) => create).map(({ name }) => formatDeployLine("create", databaseName(name))),
    ...plan.create.map((part) => formatDeployLine("create", names[part])),
    ...plan.databases.flatMap(({ name, migrate, bookmark }) => [
      ...(migrate.length === 0 ? [] : [formatDeployLine("migrate", `${name}: ${migrate.join(", ")}`)]),
      ...(bookmark
        ? [formatDeployLine("", "It holds data. Its bookmark is taken first, so that it can be restored.")]
        : []),
    ]),
    formatDeployLine("deploy", DEPLOY_ORDER.join(", ")),
    ...plan.notes.map((note) => formatDeployLine("note", note)),
    ...irrevocable(plan).map((text) => formatDeployLine("careful", text)),
  ];
}

/** The commands that set missing secrets. */
export function formatMissingSecrets({ environment }: Wanted, { missingSecrets }: DeployPlan): string[] {
  if (missingSecrets.length === 0) return [];
  return [
    "Secrets are missing. Set each; where wrangler offers to create the Worker, answer yes:",
    ...missingSecrets.map(({ worker, secret }) => `  ${secretCommand(environment, worker, secret)}`),
    "ACE_API_KEY is the JWT of the ACE IoT API. ADMIN_TOKEN has at least 16 characters, such as those of",
    "`openssl rand -hex 32`; give all three Workers the same.",
  ];
}
