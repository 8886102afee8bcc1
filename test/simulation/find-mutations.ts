import { MUTATIONS } from "./mutations.ts";
import { runSimulation } from "./run-simulation.ts";

const FOUND = /^seed (\d+): (.*)$/m;

/** Plants each fault in turn and prints the seed that finds it. @returns the exit code: 1 if one is not found */
export async function findMutations(seeds: string, seconds: string): Promise<number> {
  let missed = 0;
  for (const { name } of MUTATIONS) {
    const { output } = await runSimulation(["--mutation", name, "--seeds", seeds, "--seconds", seconds]);
    const [, seed, violation] = FOUND.exec(output) ?? [];
    if (seed === undefined) missed++;
    console.log(`| \`${name}\` | ${seed ?? "not found"} | ${violation ?? output.trim()} |`);
  }
  return missed === 0 ? 0 : 1;
}
