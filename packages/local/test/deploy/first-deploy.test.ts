import { afterEach, beforeEach, expect, test } from "vitest";
import { Deployment } from "./deployment.ts";

let deployment: Deployment;
beforeEach(async () => {
  deployment = await Deployment.start();
});
afterEach(() => deployment.close());

test("production beside staging touches nothing of staging", async () => {
  const { account } = deployment;
  deployment.addSecrets("staging");
  deployment.addSecrets("production");
  account.addDatabase("building-vitals-staging");
  const { code, changes } = await deployment.deploy(["--env", "production"]);
  expect(code).toBe(0);
  expect(changes.filter((call) => call.includes("staging") && !call.includes("lifecycle"))).toEqual([]);
  expect([...account.databases.keys()]).toEqual(["building-vitals-staging", "building-vitals-production"]);
  expect([...account.buckets.keys()]).toEqual(["ace-timeseries-production"]);
  expect([...account.workflows.keys()]).toEqual(["building-vitals-backfill-production"]);
});
