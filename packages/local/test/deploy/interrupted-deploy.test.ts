import { afterEach, beforeEach, expect, test } from "vitest";
import type { Break } from "../cloudflare/fake-cloudflare.ts";
import { MIGRATIONS, migrationsOf } from "./account-state.ts";
import { Deployment } from "./deployment.ts";

let deployment: Deployment;
beforeEach(async () => {
  deployment = await Deployment.start();
  deployment.addSecrets();
});
afterEach(() => deployment.close());

const ETL = "workers/scripts/building-vitals-etl-staging";
const QUERY = "workers/scripts/building-vitals-query-staging";

test("a connection that breaks at any step: the same command goes on to the end", async () => {
  const { account, cloudflare } = deployment;
  const steps: readonly (readonly [step: RegExp, when: Break])[] = [
    [/^POST d1\/database$/, "after"],
    [/^POST storage\/kv\/namespaces$/, "before"],
    [/^POST d1\/database\/[^/]+\/query$/, "after"],
    [new RegExp(`^POST ${ETL}/versions$`), "after"],
    [new RegExp(`^PUT ${ETL}/schedules$`), "before"],
    [/^PUT workflows\//, "before"],
    [new RegExp(`^POST ${QUERY}/assets-upload-session$`), "before"],
    [new RegExp(`^POST ${QUERY}/deployments$`), "after"],
  ];
  for (const [step, when] of steps) {
    let migrating = 0;
    // Reads of a database are queries too: the migration is the first query of wrangler's that writes.
    cloudflare.breaks = (call) => (step.test(call) && (!call.endsWith("/query") || ++migrating > 2) ? when : null);
    const { code, output } = await deployment.deploy(["--env", "staging", "--yes"]);
    expect(output, step.source).toContain("Run the same command again to go on.");
    expect(code, step.source).toBe(1);
  }
  cloudflare.breaks = () => null;
  const { code, output } = await deployment.deploy(["--env", "staging", "--yes"]);
  expect(output).toMatch(/deployed {3}query/);
  expect(code).toBe(0);
  expect(migrationsOf(account, "building-vitals-staging")).toEqual(MIGRATIONS);
  expect([...account.databases.keys()]).toEqual(["building-vitals-staging"]);
  expect([...account.namespaces.keys()]).toEqual(["etl-state-staging"]);
});

test("the Free plan: it says to switch to Workers Paid", async () => {
  deployment.account.plan = "free";
  const { code, output } = await deployment.deploy(["--env", "staging"]);
  expect(output).toContain(
    "This account is on the Workers Free plan. Switch to Workers Paid: https://dash.cloudflare.com/",
  );
  expect(code).toBe(1);
});
