import { writeFile } from "node:fs/promises";
import { unmetForms } from "./statement-forms.ts";
import { type Outcome, simulate } from "./simulate.ts";

/** Plays a seed and prints all its events. @returns its outcome if an invariant fails */
export async function playSeed(seed: number): Promise<Outcome | null> {
  const outcome = await simulate(seed, { keepLines: true });
  for (const line of outcome.lines ?? []) console.log(line);
  console.log(`seed ${seed}: ${outcome.calls} calls, ${outcome.promised} samples, digest ${outcome.digest}`);
  return outcome.violation === null ? null : outcome;
}

/** Plays seeds until one fails, all are played or the time is up. @returns the failed one */
export async function playSeeds(wanted: {
  readonly first: number;
  readonly seeds: number;
  readonly seconds: number;
}): Promise<Outcome | null> {
  const started = performance.now();
  const elapsed = () => (performance.now() - started) / 1000;
  let [played, calls, promised, ofMonths] = [0, 0, 0, 0];
  for (; played < wanted.seeds && elapsed() < wanted.seconds; played++) {
    const outcome = await simulate(wanted.first + played);
    calls += outcome.calls;
    promised += outcome.promised;
    if (outcome.monthReads > 0) ofMonths++;
    if (outcome.violation !== null) return outcome;
  }
  const text = (n: number) => n.toLocaleString("en");
  const perSeed = ((elapsed() * 1000) / Math.max(1, played)).toFixed(0);
  console.log(
    `${text(played)} seeds, ${text(calls)} calls, ${text(promised)} samples, ${perSeed} ms a seed: no violation`,
  );
  console.log(`month files were read in ${text(ofMonths)} seeds`);
  const unmet = unmetForms();
  if (unmet.length > 0)
    console.log(`statements that no seed reached (test/simulation/statement-forms.ts): ${unmet.join(", ")}`);
  return null;
}

/** Plays a seed and appends each of its transactions with D1 to a file, one line of JSON each. */
export async function recordSeed(seed: number, path: string): Promise<Outcome | null> {
  const lines: string[] = [];
  const outcome = await simulate(seed, {
    record: (statements, results) => lines.push(JSON.stringify({ statements, results })),
  });
  await writeFile(path, lines.join("\n"));
  return outcome.violation === null ? null : outcome;
}
