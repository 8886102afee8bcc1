import { createInterface } from "node:readline/promises";
import { fileURLToPath } from "node:url";
import { readDeployOptions, USAGE } from "./deploy/deploy-options.ts";
import { runDeploy } from "./deploy/run-deploy.ts";
import { runOperatorCommand } from "./operator-command.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

async function ask(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await terminal.question(question)).trim());
  } finally {
    terminal.close();
  }
}

await runOperatorCommand({
  usage: USAGE,
  read: () => readDeployOptions(process.argv.slice(2)),
  run: async (options) => {
    const isTerminal = process.stdin.isTTY && process.stdout.isTTY;
    const say = (line: string) => console.log(line);
    await runDeploy(options, { root: ROOT, env: process.env, say, ask: isTerminal ? ask : null });
    return 0;
  },
  failed: 1,
  hint: () => null,
});
