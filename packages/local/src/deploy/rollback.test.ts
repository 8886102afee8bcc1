import { expect, test } from "vitest";
import { formatRollback } from "./rollback.ts";
import type { Wanted } from "./wanted.ts";

const wanted: Wanted = {
  environment: "staging",
  databases: [],
  bucket: "b",
  namespace: "kv",
  migrations: [],
  workers: [],
};
const bookmarks = [{ database: "db", bookmark: "b1" }];

test("without earlier versions no rollback is printed, after any migration", () => {
  const lines = formatRollback(wanted, [{ worker: "etl", versions: [] }], bookmarks);
  expect(lines.at(-1)).toBe("There is no earlier version to go back to.");
  expect(lines.join("\n")).not.toContain("npx");
});

test("a Worker with several versions under traffic: its versions are listed", () => {
  const replaced = [
    { worker: "etl", versions: ["v1"] },
    { worker: "backfill", versions: ["v2", "v3"] },
  ] as const;
  expect(formatRollback(wanted, replaced, []).filter((line) => line.startsWith("  "))).toEqual([
    "  npx wrangler versions list --env staging -c wrangler.backfill.toml   # several versions shared the requests: choose one",
    "  npx wrangler rollback v1 --env staging -c wrangler.etl.toml",
  ]);
});
