import "./globals.ts";
import { parseArgs } from "node:util";
import { z } from "zod";
import { installHooks } from "./hooks.ts";
import { MUTATIONS } from "./mutations.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "2000" },
    seconds: { type: "string", default: "60" },
    first: { type: "string", default: "1" },
    seed: { type: "string" },
    mutation: { type: "string" },
  },
});
const mutation = MUTATIONS.find(({ name }) => name === values.mutation) ?? null;
if (values.mutation !== undefined && mutation === null) throw new Error(`no mutation ${values.mutation}`);
installHooks(mutation);
const { simulate } = await import("./simulate.ts");
const number = z.coerce.number().int();
if (values.seed !== undefined) {
  const outcome = await simulate(number.parse(values.seed), true);
  for (const line of outcome.lines ?? []) console.log(line);
  console.log({ ...outcome, lines: undefined });
} else {
  const started = performance.now();
  let done = 0, calls = 0, promised = 0;
  for (let seed = number.parse(values.first); done < number.parse(values.seeds); seed++) {
    const o = await simulate(seed);
    done++; calls += o.calls; promised += o.promised;
    if (o.violation !== null) { console.log(`seed ${seed}: ${o.violation}`); if (process.env["STOP"]) break; }
    if (performance.now() - started > 1000 * number.parse(values.seconds)) break;
  }
  console.log({ done, calls, promised, ms: (performance.now() - started) / done });
}
