import { z } from "zod";
import { settingsFault } from "../worker-env.ts";
import type { Environment } from "./deploy-options.ts";
import type { WantedWorker } from "./wanted.ts";
import { WORKER_SECRETS } from "./worker-secrets.ts";

const bound = z.array(z.looseObject({ binding: z.string() })).default([]);
const declaredSchema = z.looseObject({
  vars: z.record(z.string(), z.unknown()),
  d1_databases: bound,
  kv_namespaces: bound,
  r2_buckets: bound,
  services: bound,
  workflows: bound,
});

/** Stands for a secret, because a deploy never reads their values; long enough for a token. */
const ANY_SECRET = "x".repeat(64);

/**
 * Checks each Worker's variables with the Worker's own schema.
 * @param root the repository's folder
 * @throws Error that names each invalid variable and its valid values
 */
export async function checkVariables(
  root: string,
  environment: Environment,
  workers: readonly WantedWorker[],
): Promise<void> {
  const faults: string[] = [];
  for (const { worker, file } of workers) {
    const { vars, ...bindings } = declaredSchema.parse(file.env[environment]);
    const { d1_databases, kv_namespaces, r2_buckets, services, workflows } = bindings;
    const all = [d1_databases, kv_namespaces, r2_buckets, services, workflows].flat();
    const env = {
      ...vars,
      ...Object.fromEntries(all.map(({ binding }) => [binding, {}])),
      ...Object.fromEntries(WORKER_SECRETS[worker].required.map((secret) => [secret, ANY_SECRET])),
    };
    const fault = await settingsFault(root, worker, env);
    if (fault !== null) faults.push(`wrangler.${worker}.toml, variables of ${environment}: ${fault}`);
  }
  if (faults.length > 0) throw new Error(faults.join("\n"));
}
