import { z } from "zod";
import { type DeleteOptions, readDeleteOptions, USAGE } from "./delete-options.ts";
import { runOperatorCommand } from "./operator-command.ts";
import { unreachableHint, WorkerClient } from "./worker-client.ts";

const answerSchema = z.object({
  days: z.array(z.object({ date: z.string(), outcome: z.string(), reason: z.string().nullable() })),
  next_date: z.string().nullable(),
});

/** @returns the exit code */
async function deleteAll({ body, target, yes, url, token }: DeleteOptions): Promise<number> {
  if (!yes) {
    console.log(`This deletes ${target} at ${url} for good. Add --yes to do it.`);
    return 2;
  }
  const client = new WorkerClient("backfill", url, token);
  let deleted = 0;
  let left = 0;
  let asked = body;
  for (;;) {
    const { days, next_date: next } = await client.ask(answerSchema, "POST", "/delete", { ...asked });
    for (const { date, outcome, reason } of days) {
      if (outcome === "deleted") deleted++;
      else {
        left++;
        console.log(`${date} ${outcome}: ${reason}`);
      }
    }
    if (next === null) break;
    console.log(`deleted up to ${days.at(-1)?.date ?? next}`);
    asked = "start_date" in body ? { ...body, start_date: next } : { ...body, from: next };
  }
  console.log(`done: ${deleted} days of ${target}${left === 0 ? "" : `, ${left} days LEFT`}`);
  return left === 0 ? 0 : 1;
}

await runOperatorCommand({
  usage: USAGE,
  read: () => readDeleteOptions(process.argv.slice(2), process.env),
  run: deleteAll,
  failed: 2,
  hint: unreachableHint,
});
