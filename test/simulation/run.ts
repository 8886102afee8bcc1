import { parseArgs } from "node:util";
import { z } from "zod";
import { installHooks } from "./hooks.ts";
import { findMutations } from "./find-mutations.ts";
import { takeOverChance } from "./globals.ts";
import { mutationNamed } from "./mutation.ts";
import { MUTATIONS } from "./mutations.ts";

// npm run simulate -- [--seeds N] [--seconds S] [--first SEED] [--seed SEED] [--mutation NAME | --mutations]

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "2000" },
    /** stop starting seeds after this time */
    seconds: { type: "string", default: "3600" },
    first: { type: "string", default: "1" },
    /** one seed, with all its events */
    seed: { type: "string" },
    /** with --seed: a file for its transactions with D1 instead */
    record: { type: "string" },
    /** with a fault planted into the code */
    mutation: { type: "string" },
    /** each planted fault in turn, and the seed or the test that finds it */
    mutations: { type: "boolean", default: false },
  },
});
const whole = z.coerce.number().int().nonnegative();
const [seeds, seconds, first] = [values.seeds, values.seconds, values.first].map((text) => whole.parse(text));

if (values.mutations) process.exitCode = await findMutations(values.seeds, values.seconds);
else {
  const mutation = values.mutation === undefined ? null : mutationNamed(MUTATIONS, values.mutation);
  takeOverChance();
  installHooks(mutation);
  const { playSeed, playSeeds, recordSeed } = await import("./play.ts");
  const planted = mutation === null ? "" : ` --mutation ${mutation.name}`;
  const failing =
    values.seed === undefined
      ? await playSeeds({ first: first!, seeds: seeds!, seconds: seconds! })
      : values.record === undefined
        ? await playSeed(whole.parse(values.seed))
        : await recordSeed(whole.parse(values.seed), values.record);
  if (failing !== null) {
    console.log(`seed ${failing.seed}: ${failing.violation}`);
    console.log(`npm run simulate -- --seed ${failing.seed}${planted}`);
    process.exitCode = 1;
  }
}
