import { fileURLToPath } from "node:url";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { buildDashboard } from "./packages/local/src/dashboard-build.ts";
import { memoryFolder } from "./test/memory-folder.ts";
import { PLANTED_FAULT, plantIntoTests } from "./test/simulation/plant-into-tests.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
// The commands that tests start are compiled once: wrangler alone takes half a second each time.
process.env["NODE_COMPILE_CACHE"] ??= here(".local/compile-cache");
process.env["TMPDIR"] = memoryFolder();
// What wrangler.query.toml names must be there.
await buildDashboard();
const migrations = await readD1Migrations(here("migrations"));

/** `npm run simulate -- --mutations` names a fault that a test has to find. */
const fault = process.env[PLANTED_FAULT] ?? "";
const planted = fault === "" ? [] : [plantIntoTests(here("."), fault)];

/** A test that dies at each of a hundred calls takes 20 s alone, and minutes on a machine that is busy with much else. */
const LIMIT_MS = 300_000;
const limits = { testTimeout: LIMIT_MS, hookTimeout: LIMIT_MS };

/** Test files that need a workerd of their own: they replace a module. */
const ISOLATED = "{src,test}/**/*.isolated.test.ts";

/** Tests that run inside workerd, on a Worker's own local bindings, with the schema's migrations at hand. All share one. */
function inWorkerd(name: string, root: string, wranglerConfig: string, services: readonly string[] = []) {
  // Other Workers do not run here; a test that needs one says what it answers.
  const serviceBindings = Object.fromEntries(services.map((binding) => [binding, () => new Response(null)]));
  return {
    plugins: [
      ...planted,
      cloudflareTest({
        wrangler: { configPath: here(wranglerConfig) },
        miniflare: {
          bindings: { TEST_MIGRATIONS: migrations },
          // DB_1: a second database, for what is spread over several; DB_EMPTY: one that never has a schema
          d1Databases: { DB_1: "DB_1", DB_EMPTY: "DB_EMPTY" },
          serviceBindings,
        },
      }),
    ],
    // A workerd for each file would take most of the time; migratedDatabase() empties the storage that files share.
    test: { name, root, include: ["{src,test}/**/*.test.ts"], exclude: [ISOLATED], isolate: false, ...limits },
  };
}

/** The other tests of a folder. */
function isolated({ plugins, test }: ReturnType<typeof inWorkerd>) {
  return { plugins, test: { ...test, include: [ISOLATED], exclude: [], isolate: true } };
}

export default defineConfig({
  test: {
    // Many tests wait for a process of theirs: two workers keep 1.4 of two cores busy, three and four 1.7.
    maxWorkers: 3,
    // what a test that passes printed is of no interest
    silent: "passed-only",
    reporters: process.env["CI"] ? ["default", ["json", { outputFile: ".local/test-report.json" }]] : ["default"],
    projects: [
      inWorkerd("core", "packages/core", "./wrangler.etl.toml"),
      isolated(inWorkerd("core-isolated", "packages/core", "./wrangler.etl.toml")),
      inWorkerd("etl", "workers/etl", "./wrangler.etl.toml"),
      inWorkerd("backfill", "workers/backfill", "./wrangler.backfill.toml"),
      inWorkerd("query", "workers/query", "./wrangler.query.toml", ["ETL", "BACKFILL"]),
      {
        test: {
          name: "unit",
          ...limits,
          include: [
            "packages/{ace-simulator,dashboard,local}/src/**/*.test.ts",
            "test/{bench/report,lint}/**/*.test.ts",
          ],
          // A process for each of these 60 files would take longer than its tests.
          isolate: false,
        },
      },
      {
        test: {
          name: "node",
          ...limits,
          include: [
            "packages/local/test/**/*.test.ts",
            "test/{cold,fuzz,simulation}/**/*.test.ts",
            "test/bench/{*,costs/*}.test.ts",
          ],
        },
      },
      {
        test: {
          name: "browser",
          include: ["test/browser/**/*.test.ts"],
          // Files share modules, and by kept-pages.ts the browser's pages.
          isolate: false,
          globalSetup: ["test/e2e/build-once.ts", "test/browser/global-setup.ts"],
          ...limits,
          // a second is too short for what a page shows after it asked
          expect: { poll: { timeout: 30_000 } },
        },
      },
      // Not isolated: what starts a system takes 2 s of CPU to import.
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          isolate: false,
          globalSetup: "test/e2e/build-once.ts",
          ...limits,
        },
      },
    ],
  },
});
