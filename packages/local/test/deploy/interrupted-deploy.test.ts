import { afterEach, beforeEach, expect, test } from "vitest";
import type { Break } from "../cloudflare/fake-cloudflare.ts";
import { MIGRATIONS, migrationsOf } from "./account-state.ts";
import { addMigration, Deployment, ill, LONG_MS, NEXT_MIGRATION, well } from "./deployment.ts";

let deployment: Deployment;
let root: string;
beforeEach(async () => {
  deployment = await Deployment.start();
  root = await deployment.checkout();
  await addMigration(root);
  deployment.addSecrets();
});
afterEach(() => deployment.close());

const DATABASE = "building-vitals-staging";
const GO_ON = "The steps that were done stay. To go on, run the same command again.\n";

/** Breaks the connection from the nth matching call on. */
function breakAt(call: RegExp, when: Break, nth = 1): void {
  let seen = 0;
  deployment.cloudflare.breaks = (other) => (call.test(other) && ++seen >= nth ? when : null);
}

test("after a stop at any step the same command completes the deploy", { timeout: LONG_MS }, async () => {
  const { account, cloudflare } = deployment;
  // create-missing.test.ts interrupts the earlier steps
  const plans = `https://dash.cloudflare.com/${account.id}/workers/plans`;
  const freePlan = `This account is on the Workers Free plan. Switch to Workers Paid: ${plans}\n${GO_ON}`;
  const stops: readonly (readonly [step: string, prepare: () => void, says: string])[] = [
    // wrangler's first two queries create and read its list of applied migrations
    ["the first migration's answer", () => breakAt(/^POST d1\/database\/[^/]+\/query$/, "after", 3), GO_ON],
    ["the Free plan", () => (account.plan = "free"), freePlan],
    ["etl's upload", () => breakAt(/^POST workers\/scripts\/building-vitals-etl-staging\/versions$/, "after"), GO_ON],
    ["etl's health", () => (deployment.health = ill), "There is no earlier version to go back to.\n"],
    ["the Workflow", () => breakAt(/^PUT workflows\//, "before"), GO_ON],
    [
      "the dashboard",
      () => breakAt(/^POST workers\/scripts\/building-vitals-query-staging\/assets-upload-session$/, "before"),
      GO_ON,
    ],
  ];
  const run = () => deployment.deployHere(["--env", "staging", "--yes", "--wait", "0"], {}, root);
  for (const [step, prepare, says] of stops) {
    cloudflare.breaks = () => null;
    account.plan = "paid";
    deployment.health = well;
    prepare();
    const { code, output } = await run();
    expect(output.slice(-says.length), `${step}: ${output}`).toBe(says);
    expect(output, step).not.toContain("wrangler rollback");
    expect(code, step).toBe(1);
    if (step === "the first migration's answer") expect(migrationsOf(account, DATABASE)).toEqual(MIGRATIONS);
  }
  cloudflare.breaks = () => null;
  deployment.health = well;
  const { code, output } = await run();
  expect(output).toMatch(/^deployed {3}query/m);
  expect(code).toBe(0);
  expect(migrationsOf(account, DATABASE)).toEqual([...MIGRATIONS, NEXT_MIGRATION]);
  expect([...account.databases.keys()]).toEqual([DATABASE]);
  expect([...account.namespaces.keys()]).toEqual(["etl-state-staging"]);
});
