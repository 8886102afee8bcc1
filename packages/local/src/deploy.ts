import { join, resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { fileURLToPath } from "node:url";
import { readExisting, requireAccount } from "./deploy/account.ts";
import {
  buildAll,
  createMissing,
  type DeployContext,
  deployWorkers,
  migrate,
  replaceRule,
} from "./deploy/carry-out.ts";
import { type DeployOptions, readDeployOptions, USAGE } from "./deploy/deploy-options.ts";
import { missingLines, planLines, told } from "./deploy/deploy-words.ts";
import { irrevocable, planDeploy } from "./deploy/plan.ts";
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

/** @returns the exit code @throws {WranglerFailed} Error, all of which say what to do */
async function deploy({ environment, yes, dryRun, waitMs }: DeployOptions): Promise<number> {
  const wrangler = new Wrangler(process.env["WRANGLER"] ?? join(ROOT, "node_modules/.bin/wrangler"), ROOT);
  const wanted = await readWanted(ROOT, environment);
  const places = { root: ROOT, resolved: resolve(ROOT, process.env["STATE_DIR"] ?? ".local", "deploy", environment) };
  say(told("account", await requireAccount(wrangler, process.env["CLOUDFLARE_ACCOUNT_ID"])));
  const existing = await readExisting(wrangler, places, wanted);
  const plan = planDeploy(wanted, existing);
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
  const context: DeployContext = { wrangler, places, wanted, say, waitMs, access };
  if (plan.missingSecrets.length > 0) {
    await createMissing(context, plan);
    console.error("Secrets are missing, so nothing was deployed:");
    missingLines(wanted, plan).forEach((line) => console.error(line));
    console.error("Then run the same command again.");
    return 1;
  }
  if (!(await isAllowed(irrevocable(plan), yes))) return 1;
  await createMissing(context, plan);
  if (plan.replacedRule !== null) await replaceRule(context);
  await buildAll(context);
  await deployWorkers(context, existing, await migrate(context, plan));
  return 0;
}

await runOperatorCommand({
  usage: USAGE,
  read: () => readDeployOptions(process.argv.slice(2)),
  run: deploy,
  failed: 1,
  hint: (error) =>
    error instanceof WranglerFailed ? "What was done so far stays. Run the same command again to go on." : null,
});
