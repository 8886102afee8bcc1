import { afterEach, beforeEach, expect, test } from "vitest";
import { addDeployed, MIGRATIONS, migrationsOf } from "./account-state.ts";
import { Deployment, ill, well } from "./deployment.ts";

let deployment: Deployment;
beforeEach(async () => {
  deployment = await Deployment.start();
});
afterEach(() => deployment.close());

const BEHIND = MIGRATIONS.slice(0, -1);
const LAST = MIGRATIONS.at(-1) ?? "";

test("a migration of data needs --yes; a Worker that is not well stops the deploy, with the way back", async () => {
  const { account } = deployment;
  const versions = addDeployed(account, "staging", BEHIND);
  const refused = await deployment.deploy(["--env", "staging"]);
  expect(refused.code).toBe(1);
  expect(refused.output).toContain(`careful    migrate building-vitals-staging, which holds data: ${LAST}\n`);
  expect(refused.changes).toEqual([]);

  deployment.health = (worker, version) => (worker.includes("backfill") ? ill : well)(worker, version);
  const { code, output } = await deployment.deploy(["--env", "staging", "--yes", "--wait", "0"]);
  expect(code).toBe(1);
  expect(output).toContain("bookmark   00000085-0000024c-00004c6d-8e61117bf38d7adb71b934ebbf891683");
  expect(output).toMatch(/backfill was deployed as \S+, and is NOT WELL: it answers 503: schema/);
  expect(output).toContain(
    `npx wrangler rollback ${versions.get("backfill")} --env staging -c wrangler.backfill.toml\n`,
  );
  expect(output).toContain("npx wrangler d1 time-travel restore building-vitals-staging --bookmark=00000085-");
  expect(migrationsOf(account, "building-vitals-staging")).toEqual(MIGRATIONS);
  expect(account.workers.get("building-vitals-query-staging")?.versions).toHaveLength(1);
});

test("a first version that is not well: a draft is no version to go back to", async () => {
  deployment.addSecrets();
  deployment.health = ill;
  const { code, output } = await deployment.deploy(["--env", "staging", "--wait", "0"]);
  expect(code).toBe(1);
  expect(output).toContain("There is no version before it to go back to.");
  expect(output).not.toContain("wrangler rollback");
});

test("another rule for staging/ is replaced only with --yes, and other rules stay", async () => {
  const { account } = deployment;
  addDeployed(account, "staging");
  const bucket = account.buckets.get("ace-timeseries-staging");
  const other = { id: "abort", enabled: true, conditions: { prefix: "" } };
  const condition = { type: "Age" as const, maxAge: 2_592_000 };
  if (bucket === undefined) throw new Error("no bucket");
  const [wanted] = bucket.rules;
  bucket.rules = [
    other,
    {
      ...wanted,
      id: "staging",
      enabled: true,
      conditions: { prefix: "staging/" },
      deleteObjectsTransition: { condition },
    },
  ];
  const refused = await deployment.deploy(["--env", "staging"]);
  expect(refused.output).toContain(
    'careful    replace the lifecycle rule "staging" (staging/: deletes objects after 30 days)',
  );
  expect(refused.changes).toEqual([]);
  expect((await deployment.deploy(["--env", "staging", "--yes"])).code).toBe(0);
  expect(bucket.rules).toEqual([other, wanted]);
});
