import { STAGING_RULE } from "./lifecycle-rules.ts";
import { type DeployPlan, irrevocable } from "./plan.ts";
import { DEPLOY_ORDER, STAGING_EXPIRES_DAYS, type Wanted } from "./wanted.ts";
import { secretCommand } from "./worker-secrets.ts";

const LABEL_WIDTH = 11;

/** A line of a deploy's output: a label, and the text in its column. */
export function told(label: string, text: string): string {
  return label.padEnd(LABEL_WIDTH) + text;
}

/** The names of the parts that can be created. */
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

/** The whole plan, without missing secrets. */
export function planLines(wanted: Wanted, plan: DeployPlan): string[] {
  const names = creationNames(wanted);
  return [
    ...plan.databases.filter(({ create }) => create).map(({ name }) => told("create", databaseName(name))),
    ...plan.create.map((part) => told("create", names[part])),
    ...plan.databases.flatMap(({ name, migrate, bookmark }) => [
      ...(migrate.length === 0 ? [] : [told("migrate", `${name}: ${migrate.join(", ")}`)]),
      ...(bookmark ? [told("", "It holds data, so a bookmark to restore it to is taken first.")] : []),
    ]),
    told("deploy", DEPLOY_ORDER.join(", ")),
    ...plan.notes.map((note) => told("note", note)),
    ...irrevocable(plan).map((text) => told("careful", text)),
  ];
}

/** The commands that set missing secrets. */
export function missingLines({ environment }: Wanted, { missingSecrets }: DeployPlan): string[] {
  if (missingSecrets.length === 0) return [];
  return [
    "Secrets are missing. Set each; where wrangler offers to create the Worker, answer yes:",
    ...missingSecrets.map(({ worker, secret }) => `  ${secretCommand(environment, worker, secret)}`),
    "ACE_API_KEY is the JWT of the ACE IoT API. ADMIN_TOKEN has at least 16 characters, such as those of",
    "`openssl rand -hex 32`; give all three Workers the same.",
  ];
}
