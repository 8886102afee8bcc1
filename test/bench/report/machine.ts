import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { arch, cpus, loadavg, release, totalmem, type } from "node:os";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { BenchReport, Load } from "./bench-report.ts";

const GB = 2 ** 30;
const LOOK_EVERY_MS = 5_000;

const pinsSchema = z.object({
  dependencies: z.record(z.string(), z.string()).default({}),
  devDependencies: z.record(z.string(), z.string()).default({}),
});

export function machineOf(): BenchReport["machine"] {
  const all = cpus();
  return {
    cpu: all[0]?.model ?? "unknown",
    cores: all.length,
    memoryGb: Math.round(totalmem() / GB),
    // behind the version is who built it
    os: `${type()} ${release().split("-")[0]}, ${arch()}`,
  };
}

/** What a package pins; all pins are exact, and the lockfile is frozen. */
function pins(packageJson: string): Record<string, string> {
  const { dependencies, devDependencies } = pinsSchema.parse(JSON.parse(readFileSync(packageJson, "utf8")));
  return { ...dependencies, ...devDependencies };
}

export function versionsOf(): BenchReport["versions"] {
  const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
  const ownPins = { ...pins(here("../../../package.json")), ...pins(here("../../package.json")) };
  const corePins = pins(here("../../../packages/core/package.json"));
  const miniflarePins = pins(fileURLToPath(import.meta.resolve("miniflare/package.json")));
  const versions: Record<string, string> = { node: process.version };
  const add = (name: string, from: Record<string, string>, dependency = name) => {
    const version = from[dependency];
    if (version === undefined) throw new Error(`${dependency} is pinned no more`);
    versions[name] = version;
  };
  add("workerd", miniflarePins);
  add("miniflare", ownPins);
  add("wrangler", ownPins);
  add("hyparquet", corePins);
  add("hyparquet-writer", corePins);
  add("DuckDB", ownPins, "@duckdb/node-api");
  return versions;
}

/** The commit that is measured, and whether anything was changed since; not of a repository: unknown. */
export function commitOf(): BenchReport["commit"] {
  const git = (...args: string[]) =>
    execFileSync("git", args, { cwd: import.meta.dirname, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  try {
    return { id: git("rev-parse", "--short=10", "HEAD").trim(), isClean: git("status", "--porcelain") === "" };
  } catch {
    return { id: "unknown", isClean: false };
  }
}

/** Looks at the load average until it is stopped. */
export function watchLoad(): () => Load {
  const now = () => Math.round((loadavg()[0] ?? 0) * 100) / 100;
  const start = now();
  let most = start;
  const timer = setInterval(() => (most = Math.max(most, now())), LOOK_EVERY_MS).unref();
  return () => {
    clearInterval(timer);
    const end = now();
    return { start, end, most: Math.max(most, end) };
  };
}
