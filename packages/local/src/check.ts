import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

const projects = ["packages", "workers"].flatMap((folder) =>
  readdirSync(join(ROOT, folder)).map((name) => `${folder}/${name}`),
);

/** The checks of `npm run check`, by name. */
const CHECKS: readonly (readonly [string, ...string[]])[] = [
  ...[...projects, "test", "test/bench/worker", "test/browser", "test/simulation"].map(
    (project) => [`types of ${project}`, "tsc", "-p", project] as const,
  ),
  ["lint", "oxlint", "--quiet"],
  ["format", "oxfmt", "--check"],
  ["unused code", "knip"],
  // pnpm 12 would record its binaries in a `packageManager` field, which a registry's mirror may lack.
  ["workspace", "sherif", "--fail-on-warnings", "-r", "root-package-manager-field"],
];

function run(command: string, args: readonly string[]): Promise<{ ok: boolean; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(join(ROOT, "node_modules/.bin", command), args, { cwd: ROOT });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data: Buffer) => (output += data.toString()));
    child.on("error", (error) => resolve({ ok: false, output: String(error) }));
    child.on("close", (code) => resolve({ ok: code === 0, output }));
  });
}

// `npm run check`: runs all checks, even after a failure, so that one run reports everything.
let failed = 0;
for (const [name, command, ...args] of CHECKS) {
  const started = Date.now();
  const { ok, output } = await run(command!, args);
  console.log(`${ok ? "ok    " : "FAILED"} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  if (!ok) {
    failed++;
    console.log(output.trimEnd());
  }
}
process.exitCode = failed === 0 ? 0 : 1;
