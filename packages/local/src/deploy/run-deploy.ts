import { join, resolve } from "node:path";
import { type Account, requireAccount } from "./account.ts";
import {
  buildAll,
  createMissing,
  type DeployContext,
  deployWorkers,
  migrate,
  NotWell,
  replaceRule,
} from "./carry-out.ts";
import { checkVariables } from "./check-variables.ts";
import { CloudflareApi } from "./cloudflare-api.ts";
import type { DeployOptions } from "./deploy-options.ts";
import { formatMissingSecrets, formatDeployPlan, formatDeployLine } from "./format-deploy.ts";
import { readExisting } from "./existing.ts";
import { irrevocable, planDeploy } from "./plan.ts";
import { formatFailure } from "./suggestions.ts";
import { readWanted } from "./wanted.ts";
import { Wrangler } from "./wrangler.ts";

export interface DeployHost {
  /** the repository's folder */
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  readonly say: (line: string) => void;
  /** asks the operator; null: no terminal */
  readonly ask: ((question: string) => Promise<boolean>) | null;
}

/** The progress that the text of a failure depends on. */
interface Progress {
  /** null: not chosen yet */
  account: Account | null;
  /** it has begun to change the account */
  isChanged: boolean;
}

/** Deploys an environment. @throws Error with the cause, the next action, and the state of the account */
export async function runDeploy(options: DeployOptions, host: DeployHost): Promise<void> {
  const progress: Progress = { account: null, isChanged: false };
  try {
    await deploy(options, host, progress);
  } catch (error) {
    if (error instanceof NotWell) throw error;
    throw new Error(formatFailure(error, progress.account, progress.isChanged), { cause: error });
  }
}

async function deploy(options: DeployOptions, { root, env, say, ask }: DeployHost, progress: Progress): Promise<void> {
  const { environment, yes, dryRun, waitMs, location } = options;
  const wanted = await readWanted(root, environment);
  await checkVariables(root, environment, wanted.workers);
  const places = { root, resolved: resolve(root, env["STATE_DIR"] ?? ".local", "deploy", environment) };
  const login = new Wrangler(join(root, "node_modules/.bin/wrangler"), root, env);
  const api = await CloudflareApi.login(login, env);
  const account = await requireAccount(api, env["CLOUDFLARE_ACCOUNT_ID"] ?? "");
  progress.account = account;
  say(formatDeployLine("account", account.name ?? account.id));
  const existing = await readExisting(api, account, wanted);
  const plan = planDeploy(wanted, existing);
  formatDeployPlan(wanted, plan).forEach(say);
  if (plan.refusals.length > 0) throw new Error(plan.refusals.join("\n"));
  const missing = formatMissingSecrets(wanted, plan);
  if (dryRun) {
    missing.forEach(say);
    say("Nothing was changed: --dry-run.");
    return;
  }
  if (missing.length > 0) throw new Error(missing.join("\n"));
  if (irrevocable(plan).length > 0 && !yes && (await ask?.("Take the steps marked careful? [y/N] ")) !== true) {
    throw new Error("To allow the steps marked careful, add --yes.");
  }
  const { CF_ACCESS_CLIENT_ID: id, CF_ACCESS_CLIENT_SECRET: secret } = env;
  const access = id === undefined || secret === undefined ? null : { id, secret };
  const wrangler = login.forAccount(account.id);
  const context: DeployContext = { wrangler, api, account, places, wanted, say, waitMs, access, location };
  await buildAll(context);
  progress.isChanged = true;
  await createMissing(context, existing, plan);
  if (plan.replacedRule !== null) await replaceRule(context);
  await deployWorkers(context, existing, await migrate(context, existing, plan));
  say(
    formatDeployLine("done", "The dashboard is at the query Worker's address. The etl Worker syncs every 5 minutes."),
  );
}
