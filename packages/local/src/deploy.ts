import { join, resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { fileURLToPath } from "node:url";
import { type Account, readExisting, requireAccount } from "./deploy/account.ts";
import {
  buildAll,
  createMissing,
  type DeployContext,
  deployWorkers,
  migrate,
  replaceRule,
} from "./deploy/carry-out.ts";
import { CloudflareApi, CloudflareError } from "./deploy/cloudflare-api.ts";
import { type DeployOptions, readDeployOptions, USAGE } from "./deploy/deploy-options.ts";
import { missingLines, planLines, told } from "./deploy/deploy-words.ts";
import { irrevocable, planDeploy } from "./deploy/plan.ts";
import { remedyFor } from "./deploy/preflight.ts";
import { readWanted } from "./deploy/wanted.ts";
import { Wrangler, WranglerFailed } from "./deploy/wrangler.ts";
import { runOperatorCommand } from "./operator-command.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

function say(line: string): void {
  console.log(line);
}

async function isAnsweredYes(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await terminal.question(question)).trim());
  } finally {
    terminal.close();
  }
}

/** Whether what cannot be taken back may be done. */
async function isAllowed(steps: readonly string[], yes: boolean): Promise<boolean> {
  if (steps.length === 0 || yes) return true;
  if (process.stdin.isTTY && process.stdout.isTTY) return isAnsweredYes("Go on? [y/N] ");
  console.error("Nothing was changed. What is marked careful needs --yes.");
  return false;
}

/** The account that is deployed to, once it is known: errors name it. */
let account: Account | null = null;

/** @returns the exit code @throws {WranglerFailed} {CloudflareError} {DeployedIll} Error that says what to do */
async function deploy({ environment, yes, dryRun, waitMs, location }: DeployOptions): Promise<number> {
  const wanted = await readWanted(ROOT, environment);
  const places = { root: ROOT, resolved: resolve(ROOT, process.env["STATE_DIR"] ?? ".local", "deploy", environment) };
  const login = new Wrangler(join(ROOT, "node_modules/.bin/wrangler"), ROOT);
  const api = await CloudflareApi.login(login);
  account = await requireAccount(api, process.env["CLOUDFLARE_ACCOUNT_ID"]);
  const wrangler = login.forAccount(account.id);
  say(told("account", account.name));
  const existing = await readExisting(api, account, wanted);
  const plan = planDeploy(wanted, account, existing);
  planLines(wanted, plan).forEach(say);
  if (plan.refusals.length > 0) {
    plan.refusals.forEach((refusal) => console.error(refusal));
    console.error("Nothing was changed.");
    return 1;
  }
  if (dryRun) {
    say("Nothing was changed: --dry-run.");
    return 0;
  }
  const { CF_ACCESS_CLIENT_ID: id, CF_ACCESS_CLIENT_SECRET: secret } = process.env;
  const access = id === undefined || secret === undefined ? null : { id, secret };
  const context: DeployContext = { wrangler, api, account, places, wanted, say, waitMs, access, location };
  if (plan.missingSecrets.length > 0) {
    await createMissing(context, existing, plan);
    console.error("Secrets are missing, so nothing was deployed:");
    missingLines(wanted, plan).forEach((line) => console.error(line));
    console.error("Then run the same command again.");
    return 1;
  }
  if (!(await isAllowed(irrevocable(plan), yes))) return 1;
  await createMissing(context, existing, plan);
  if (plan.replacedRule !== null) await replaceRule(context);
  await buildAll(context);
  await deployWorkers(context, existing, await migrate(context, existing, plan));
  return 0;
}

await runOperatorCommand({
  usage: USAGE,
  read: () => readDeployOptions(process.argv.slice(2)),
  run: deploy,
  failed: 1,
  hint: (error) => {
    if (!(error instanceof WranglerFailed || error instanceof CloudflareError)) return null;
    const remedy = remedyFor(error, account);
    const again = "What was done so far stays. Run the same command again to go on.";
    return remedy === null ? again : `${remedy}\n${again}`;
  },
});
