import { spawn } from "node:child_process";
import { join } from "node:path";

const RUN = join(import.meta.dirname, "run.ts");

/** Runs the simulation in its own process, because it replaces the platform's clock, timers and random numbers. */
export function runSimulation(
  args: readonly string[],
): Promise<{ readonly code: number | null; readonly output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", RUN, ...args]);
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data: Buffer) => (output += data.toString()));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
  });
}
