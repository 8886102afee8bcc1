import { afterEach, beforeEach, expect, test } from "vitest";
import { addDeployed, MIGRATIONS, migrationsOf } from "./account-state.ts";
import { addMigration, Deployment, ill, NEXT_MIGRATION, well } from "./deployment.ts";

let deployment: Deployment;
let root: string;
beforeEach(async () => {
  deployment = await Deployment.start();
  root = await deployment.checkout();
  await addMigration(root);
});
afterEach(() => deployment.close());

/** Replaces our staging rule by one of 30 days, and adds a foreign rule. @returns the bucket, and both rules */
function replaceRules() {
  const bucket = deployment.account.buckets.get("ace-timeseries-staging");
  if (bucket === undefined) throw new Error("no bucket");
  const [wanted] = bucket.rules;
  const other = { id: "abort", enabled: true, conditions: { prefix: "" } };
  const condition = { type: "Age" as const, maxAge: 2_592_000 };
  const longer = { id: "staging", enabled: true, conditions: { prefix: "staging/" } };
  bucket.rules = [other, { ...longer, deleteObjectsTransition: { condition } }];
  return { bucket, wanted, other };
}

test.each([
  ["the rule is not replaced", /^PUT r2\//, "before", true],
  ["the answer of the replaced rule is lost", /^PUT r2\//, "after", false],
  ["the bookmark cannot be read", /\/time_travel\/bookmark$/, "before", false],
] as const)("%s: nothing is migrated, and the same command continues", async (_, step, when, isReplacedAgain) => {
  addDeployed(deployment.account, "staging");
  replaceRules();
  deployment.cloudflare.breaks = (call) => (step.test(call) ? when : null);
  const { code, output } = await deployment.deployHere(["--env", "staging", "--yes"], {}, root);
  expect(output).toMatch(/\nThe steps that were done stay. To go on, run the same command again.\n$/);
  expect(code).toBe(1);
  deployment.cloudflare.breaks = () => null;
  const again = await deployment.deployHere(["--env", "staging", "--dry-run"], {}, root);
  expect(again.output).toContain(`careful    migrate building-vitals-staging, which holds data: ${NEXT_MIGRATION}\n`);
  expect(again.output.includes("careful    replace the lifecycle rule")).toBe(isReplacedAgain);
});

test("an upgrade needs --yes; with an unhealthy Worker it prints the way back", async () => {
  const { account } = deployment;
  const versions = addDeployed(account, "staging");
  const { bucket, wanted, other } = replaceRules();

  const refused = await deployment.deployHere(["--env", "staging"], {}, root);
  expect(refused.output).toContain(`careful    migrate building-vitals-staging, which holds data: ${NEXT_MIGRATION}
careful    replace the lifecycle rule "staging" (staging/: deletes objects after 30 days)
To allow the steps marked careful, add --yes.
Nothing was changed. Run the same command again afterwards.
`);
  expect(refused.changes).toEqual([]);
  expect(refused.code).toBe(1);

  deployment.health = (worker, version) => (worker.includes("backfill") ? ill : well)(worker, version);
  const { code, output } = await deployment.deployHere(["--env", "staging", "--yes", "--wait", "0"], {}, root);
  expect(code).toBe(1);
  expect(bucket.rules).toEqual([other, wanted]);
  expect(migrationsOf(account, "building-vitals-staging")).toEqual([...MIGRATIONS, NEXT_MIGRATION]);
  const bookmark = "00000085-0000024c-00004c6d-8e61117bf38d7adb71b934ebbf891683";
  expect(output).toContain(`bookmark   ${bookmark}, of building-vitals-staging before the migration\n`);
  expect(output).toMatch(/^backfill was deployed as \S+, and is NOT WELL: it answers 503: schema: the database has/m);
  const advice = output.slice(output.indexOf("NOT WELL"));
  const commands = advice.split("\n").filter((line) => line.startsWith("  npx "));
  expect(commands).toEqual([
    `  npx wrangler rollback ${versions.get("backfill")} --env staging -c wrangler.backfill.toml`,
    `  npx wrangler rollback ${versions.get("etl")} --env staging -c wrangler.etl.toml`,
    `  npx wrangler d1 time-travel restore building-vitals-staging --bookmark=${bookmark}`,
  ]);
  expect(account.workers.get("building-vitals-query-staging")?.versions).toHaveLength(1);

  const [back = "", , restore = ""] = commands;
  expect((await deployment.follow(back)).code).toBe(0);
  const [now] = account.workers.get("building-vitals-backfill-staging")?.deployments ?? [];
  expect(now).toEqual([{ version_id: versions.get("backfill"), percentage: 100 }]);
  const restored = await deployment.follow(`${restore} --json`);
  expect(restored.changes).toEqual([expect.stringMatching(/^POST d1\/database\/[^/]+\/time_travel\/restore$/)]);
  expect(restored.code).toBe(0);
});
