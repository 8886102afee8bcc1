// Installs the pinned tools where they are missing or out of date, and is quick where they are not.
// Plain JavaScript: it is the one file that runs on the machine's own Node, which may be 20.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const PNPM = "pnpm@12.21.0";
const root = fileURLToPath(new URL("../../..", import.meta.url));
const stampFile = join(root, "node_modules", ".building-vitals-setup");

const [major] = process.versions.node.split(".").map(Number);
if (major < 20) {
  console.error(`Building Vitals needs Node 20 or newer; this is ${process.version}.`);
  process.exit(1);
}

/** Everything that decides what is installed: the lockfile, the workspace and each package.json. */
function installState() {
  const manifests = ["packages", "workers"].flatMap((folder) =>
    readdirSync(join(root, folder)).map((name) => join(folder, name, "package.json")),
  );
  const hash = createHash("sha256");
  for (const file of ["pnpm-lock.yaml", "pnpm-workspace.yaml", "package.json", "test/package.json", ...manifests]) {
    const path = join(root, file);
    hash.update(file).update(existsSync(path) ? readFileSync(path) : "");
  }
  return `${PNPM} ${process.platform}-${process.arch} ${hash.digest("hex")}`;
}

const wanted = installState();
if (!existsSync(stampFile) || readFileSync(stampFile, "utf8") !== wanted) {
  console.error(`setting up: the pinned tools and packages, up to 400 MB the first time (${PNPM} install) …`);
  const started = Date.now();
  const result = spawnSync("npx", ["--loglevel=error", "-y", PNPM, "install", "--frozen-lockfile"], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
    shell: process.platform === "win32",
    // CI makes pnpm answer its own questions instead of waiting for a terminal.
    env: { ...process.env, CI: "true" },
  });
  if (result.status !== 0) {
    console.error(result.stdout ?? "", result.stderr ?? "", result.error ?? "");
    console.error("Setting up failed: the packages could not be installed.");
    process.exit(1);
  }
  writeFileSync(stampFile, wanted);
  console.error(`setting up: done in ${Math.round((Date.now() - started) / 1000)} s`);
}
