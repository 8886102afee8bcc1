import type { FindingTest, Mutation } from "./mutation.ts";
import { MUTATIONS } from "./mutations.ts";
import { runFindingTest } from "./run-finding-test.ts";
import { runSimulation } from "./run-simulation.ts";

const FOUND = /^seed (\d+): (.*)$/m;

interface Finding {
  /** the seed or the test that found it; null: not found */
  readonly by: string | null;
  /** the failure, or why there was none */
  readonly report: string;
}

/**
 * Plants each fault in turn and prints the seed or the test that finds it. @returns the exit code: 1 if a fault is not
 * found
 */
export async function findMutations(seeds: string, seconds: string): Promise<number> {
  let missed = 0;
  for (const { name, foundBy } of MUTATIONS) {
    const { by, report } = await (foundBy === undefined
      ? findBySeeds(name, seeds, seconds)
      : findByTest(name, foundBy));
    if (by === null) missed++;
    console.log(`| \`${name}\` | ${by ?? "not found"} | ${report} |`);
  }
  if (missed > 0) console.log(`${missed} of ${MUTATIONS.length} planted faults are not found`);
  return missed === 0 ? 0 : 1;
}

async function findBySeeds(name: Mutation["name"], seeds: string, seconds: string): Promise<Finding> {
  const { output } = await runSimulation(["--mutation", name, "--seeds", seeds, "--seconds", seconds]);
  const [, seed, violation] = FOUND.exec(output) ?? [];
  return { by: seed ?? null, report: violation ?? output.trim() };
}

/** The test must fail with the fault and pass without it. */
async function findByTest(name: Mutation["name"], test: FindingTest): Promise<Finding> {
  try {
    const without = await runFindingTest(test, null);
    if (without !== null) return { by: null, report: `the test fails without the fault too: ${without}` };
    const failure = await runFindingTest(test, name);
    return failure === null
      ? { by: null, report: `the test passes: ${test.title}` }
      : { by: `${test.file}: ${test.title}`, report: failure };
  } catch (error) {
    return { by: null, report: String(error) };
  }
}
