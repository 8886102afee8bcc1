import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DEPLOY_ORDER } from "@building-vitals/local/deploy/wanted";
import { expect, test } from "vitest";
import { z } from "zod";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/**
 * What each Worker may weigh, gzipped: 15% over what it weighs. Cloudflare takes 3 MB on the free plan and 10 MB on the
 * paid one; a Worker starts the slower the larger it is.
 */
const BUDGET_BYTES = { etl: 340_000, backfill: 380_000, query: 370_000 } as const;

const reportSchema = z.object({ type: z.literal("deploy"), bundle_size: z.object({ gzip_bytes: z.int() }) });

/** What `wrangler deploy --dry-run` says that it would upload. @throws where it would not deploy */
async function weigh(worker: string, environment: string): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "building-vitals-bundle-"));
  const report = join(folder, "report.ndjson");
  const about = ["--env", environment, "-c", `wrangler.${worker}.toml`, "--outdir", join(folder, "out")];
  // no metrics, and no look at the registry for a newer version, which comes with the banner
  const offline = { WRANGLER_SEND_METRICS: "false", WRANGLER_HIDE_BANNER: "true" };
  const env = { ...process.env, ...offline, WRANGLER_OUTPUT_FILE_PATH: report, CI: "1" };
  try {
    await new Promise<void>((resolve, reject) => {
      const wrangler = join(ROOT, "node_modules/.bin/wrangler");
      execFile(wrangler, ["deploy", "--dry-run", ...about], { cwd: ROOT, env }, (error, stdout, stderr) => {
        if (error === null) resolve();
        else reject(new Error(`${stdout}${stderr}`));
      });
    });
    const lines = (await readFile(report, "utf8")).trim().split("\n");
    return reportSchema.parse(JSON.parse(lines.at(-1) ?? "")).bundle_size.gzip_bytes;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

// The environments differ in names and variables alone: test/lint/wrangler-files.test.ts.
test.each(DEPLOY_ORDER)("wrangler would deploy %s, and it is within its budget", async (worker) => {
  expect(await weigh(worker, "production")).toBeLessThan(BUDGET_BYTES[worker]);
});
