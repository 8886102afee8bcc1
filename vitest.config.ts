import { fileURLToPath } from "node:url";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const migrations = await readD1Migrations(here("migrations"));

/** A property test of some hundred cases takes five seconds where others keep the machine busy. */
const testTimeout = 30_000;

/** Tests that run inside workerd, on a Worker's own local bindings, with the schema's migrations at hand. */
function inWorkerd(name: string, root: string, wranglerConfig: string) {
  return {
    plugins: [
      cloudflareTest({
        wrangler: { configPath: here(wranglerConfig) },
        miniflare: { bindings: { TEST_MIGRATIONS: migrations } },
      }),
    ],
    test: { name, root, include: ["{src,test}/**/*.test.ts"], testTimeout },
  };
}

export default defineConfig({
  test: {
    // what a test that passes printed is of no interest
    silent: "passed-only",
    reporters: process.env["CI"] ? ["default", ["json", { outputFile: ".local/test-report.json" }]] : ["default"],
    projects: [
      inWorkerd("core", "packages/core", "./wrangler.etl.toml"),
      inWorkerd("etl", "workers/etl", "./wrangler.etl.toml"),
      inWorkerd("backfill", "workers/backfill", "./wrangler.backfill.toml"),
      inWorkerd("query", "workers/query", "./wrangler.query.toml"),
      {
        test: {
          name: "node",
          testTimeout,
          include: [
            "packages/{ace-simulator,local}/src/**/*.test.ts",
            "test/{bench,cold,deploy,fuzz,lint,simulation}/**/*.test.ts",
          ],
        },
      },
      { test: { name: "e2e", include: ["test/e2e/**/*.test.ts"], testTimeout: 120_000, hookTimeout: 120_000 } },
    ],
  },
});
