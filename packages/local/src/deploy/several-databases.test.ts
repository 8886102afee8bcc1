import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeResolvedFiles } from "./resolved-files.ts";
import { DEPLOY_ORDER, readWanted } from "./wanted.ts";

const ROOT = fileURLToPath(new URL("../../../..", import.meta.url));

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "building-vitals-wanted-"));
  mkdirSync(join(root, "migrations"));
  for (const worker of DEPLOY_ORDER) {
    cpSync(join(ROOT, `wrangler.${worker}.toml`), join(root, `wrangler.${worker}.toml`));
  }
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Puts a second database into a Worker's staging, as docs/operations.md says. */
function addDatabase(worker: string): void {
  const file = join(root, `wrangler.${worker}.toml`);
  const block =
    '\n[[env.staging.d1_databases]]\nbinding = "DB_1"\ndatabase_name = "more"\nmigrations_dir = "migrations"\n';
  writeFileSync(file, readFileSync(file, "utf8") + block);
}

test("all databases of the wrangler files are wanted, and each gets its own id", async () => {
  DEPLOY_ORDER.forEach(addDatabase);
  expect((await readWanted(root, "staging")).databases).toEqual(["building-vitals-staging", "more"]);
  const databases = new Map([
    ["building-vitals-staging", "id-0"],
    ["more", "id-1"],
    ["somebody-else", "id-2"],
  ]);
  const resolved = join(root, "resolved");
  await writeResolvedFiles({ root, resolved }, "staging", { databases, namespace: null });
  for (const worker of DEPLOY_ORDER) {
    const written: unknown = JSON.parse(readFileSync(join(resolved, `wrangler.${worker}.json`), "utf8"));
    expect(written).toMatchObject({
      env: {
        staging: {
          d1_databases: [
            { binding: "DB", database_id: "id-0", migrations_dir: "../migrations" },
            { binding: "DB_1", database_id: "id-1", migrations_dir: "../migrations" },
          ],
        },
      },
    });
  }
});

test("a database that only some of the Workers have is a contradiction", async () => {
  addDatabase("etl");
  await expect(readWanted(root, "staging")).rejects.toThrow("building-vitals-staging, more, building-vitals-staging");
});
