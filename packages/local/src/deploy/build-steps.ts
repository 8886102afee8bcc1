import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { parseJson } from "../parse-json.ts";

/** Packages whose `build` script makes what a Worker serves beside its code, such as pages. Each is built where it is. */
const BUILT_PACKAGES = ["packages/dashboard"] as const;

const packageSchema = z.object({ scripts: z.object({ build: z.string() }) });

/**
 * Runs what must be built before the Workers are. @param root the repository's folder
 * @returns the packages that were built
 * @throws Error with the output of a build that failed
 */
export async function runBuildSteps(root: string): Promise<string[]> {
  const built: string[] = [];
  for (const folder of BUILT_PACKAGES) {
    const manifest = await readFile(join(root, folder, "package.json"), "utf8").catch(() => "");
    if (!packageSchema.safeParse(parseJson(manifest)).success) continue;
    await runBuild(join(root, folder), folder);
    built.push(folder);
  }
  return built;
}

function runBuild(cwd: string, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn("npm", ["run", "-s", "build"], { cwd, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data: Buffer) => (output += data.toString()));
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`The build of ${name} failed:\n${output.trimEnd()}`));
    });
  });
}
