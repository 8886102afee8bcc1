import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { z } from "zod";
import { checkInput, fuzz, FuzzFailure, keepInput, TARGET_NAMES, TARGETS } from "./fuzz.ts";

// npm run fuzz -- [--seconds N] [--seed S] [--target page|stored|day-file] [--replay FILE, with --target]

const FAILURES = fileURLToPath(new URL("../../.local/fuzz", import.meta.url));

const { values } = parseArgs({
  options: {
    /** for each target */
    seconds: { type: "string", default: "60" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    target: { type: "string" },
    replay: { type: "string" },
  },
});
const seconds = z.coerce.number().positive().parse(values.seconds);
const seed = z.coerce.number().int().parse(values.seed);
const target = z.enum(TARGET_NAMES).optional().parse(values.target);

if (values.replay !== undefined) {
  if (target === undefined) throw new Error("--replay needs --target");
  const { outcome, ms } = await checkInput(TARGETS[target], await readFile(values.replay));
  console.log(`${target}: ${outcome} in ${ms.toFixed(1)} ms`);
} else {
  console.log(`seed ${seed}`);
  for (const name of target === undefined ? TARGET_NAMES : [target]) {
    try {
      const { runs, accepted, refused, seconds: took, slowest } = await fuzz(name, { seconds, seed });
      const rate = Math.round(runs / took).toLocaleString("en");
      const share = `${accepted.toLocaleString("en")} accepted, ${refused.toLocaleString("en")} refused`;
      console.log(
        `${name}: ${runs.toLocaleString("en")} inputs, ${rate}/s, ${share}, slowest ${slowest.toFixed(0)} ms`,
      );
    } catch (error) {
      if (!(error instanceof FuzzFailure)) throw error;
      const path = await keepInput(FAILURES, name, error.input);
      console.error(`${name}: ${error.message}\n  npm run fuzz -- --target ${name} --replay ${path}`);
      console.error(error.cause);
      process.exitCode = 1;
    }
  }
}
