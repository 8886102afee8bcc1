import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { z } from "zod";
import { BackfillClient, type BackfillPlan, BackfillRefused, type BackfillStatus } from "./backfill-client.ts";
import { durationText, progressLine } from "./progress-bar.ts";

const USAGE = `Backfills past days of a deployment, and shows how it goes.

  npm run backfill -- --from 2024-01-01 --to 2024-12-31 [options]
  npm run backfill -- --watch                       look at the one that runs

  --from, --to   first and last day, YYYY-MM-DD, UTC, both included
  --site NAME    this site only; may be repeated (default: all)
  --force        days that are there already, too
  --watch        stay and show the progress; Ctrl-C leaves the backfill running
  --plan         say what it would take, and start nothing
  --url URL      the backfill Worker (default: BACKFILL_URL, else http://127.0.0.1:8788)
  --token TOKEN  its ADMIN_TOKEN (default: ADMIN_TOKEN of the environment, else that of npm start)`;

const CONFLICT = 409;

const optionsSchema = z.object({
  from: z.string().optional(),
  to: z.string().optional(),
  site: z.array(z.string()).optional(),
  force: z.boolean().default(false),
  watch: z.boolean().default(false),
  plan: z.boolean().default(false),
  help: z.boolean().default(false),
  url: z.url().default(process.env["BACKFILL_URL"] ?? "http://127.0.0.1:8788"),
  token: z
    .string()
    .min(1)
    .default(process.env["ADMIN_TOKEN"] ?? "local-admin"),
});
type Options = z.infer<typeof optionsSchema>;

/** The command line. @throws Error that says what is wrong with it */
function readOptions(): Options {
  const { values } = parseArgs({
    strict: true,
    options: {
      from: { type: "string" },
      to: { type: "string" },
      site: { type: "string", multiple: true },
      force: { type: "boolean" },
      watch: { type: "boolean" },
      plan: { type: "boolean" },
      help: { type: "boolean" },
      url: { type: "string" },
      token: { type: "string" },
    },
  });
  const parsed = optionsSchema.safeParse(values);
  if (parsed.success) return parsed.data;
  throw new Error(parsed.error.issues.map((issue) => `--${issue.path.join(".")}: ${issue.message}`).join("\n"));
}

function printPlan({ days, days_skipped: skipped, calls, hours, samples, bytes, cost }: BackfillPlan): void {
  const there = skipped === 0 ? "" : `, ${skipped} more are there already`;
  console.log(
    `plan     ${days} days${there}: ${calls.toLocaleString("en")} requests, ${durationText(hours * 3_600_000)}`,
  );
  const size = `${Math.round(samples).toLocaleString("en")} samples, ${(bytes / 1e6).toFixed(1)} MB in R2`;
  const price = `$${cost.total.toFixed(2)} once and $${cost.r2_storage_per_month.toFixed(2)} a month at list prices`;
  console.log(`         about ${size}, ${price}`);
}

/** Shows the progress until the backfill ends; on a terminal in one line, else a line a change. */
async function watch(client: BackfillClient, intervalMs: number): Promise<BackfillStatus> {
  const isTerminal = process.stdout.isTTY;
  let shown = "";
  for (;;) {
    const status = await client.status();
    const line = progressLine(status, Date.now());
    if (isTerminal) process.stdout.write(`\r\u001b[K${line.slice(0, process.stdout.columns - 1)}`);
    else if (line !== shown) console.log(line);
    shown = line;
    if (status.status !== "in_progress") {
      if (isTerminal) process.stdout.write("\n");
      return status;
    }
    await sleep(intervalMs);
  }
}

async function main(): Promise<number> {
  const options = readOptions();
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  const url = options.url.replace(/\/+$/, "");
  const client = new BackfillClient(url, options.token);
  const comeBack = `npm run backfill -- --watch${url === "http://127.0.0.1:8788" ? "" : ` --url ${url}`}`;
  if (options.from !== undefined || options.to !== undefined) {
    if (options.from === undefined || options.to === undefined) throw new Error("Give both --from and --to.");
    const range = { start_date: options.from, end_date: options.to, ...(options.site && { sites: options.site }) };
    printPlan(await client.plan(range));
    if (options.plan) return 0;
    try {
      const started = await client.start({ ...range, force_restart: options.force });
      console.log(`started  ${started.backfill_id}`);
    } catch (error) {
      if (!(error instanceof BackfillRefused) || error.status !== CONFLICT) throw error;
      console.error(`${error.message} To look at it: ${comeBack}`);
      return 1;
    }
  } else if (!options.watch) {
    console.error(USAGE);
    return 2;
  }
  if (!options.watch) {
    console.log(`It goes on by itself. To look at it: ${comeBack}`);
    return 0;
  }
  process.once("SIGINT", () => {
    console.log(`\nThe backfill goes on. To look at it again: ${comeBack}`);
    process.exit(0);
  });
  const last = await watch(client, 2_000);
  if (last.reason !== null) console.error(last.reason);
  if (last.days_failed > 0)
    console.error(`${last.days_failed} days failed: POST ${url}/backfill/retry-failed tries them again.`);
  return last.status === "completed" && last.days_failed === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  // parseArgs, the settings and the Worker all say what is wrong; a stack would only hide it
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
