import { afterEach, beforeEach, expect, test } from "vitest";
import type { FakeAccount } from "../cloudflare/account.ts";
import { MIGRATIONS, migrationsOf } from "./account-state.ts";
import { Deployment } from "./deployment.ts";

let deployment: Deployment;
beforeEach(async () => {
  deployment = await Deployment.start();
});
afterEach(() => deployment.close());

/** A transcript without what differs from run to run. */
const normalised = (output: string) => output.replaceAll(MIGRATIONS.join(", "), "(all migrations)");

/** The parts of an account that a deploy creates. */
const resources = ({ databases, buckets, namespaces, workflows }: FakeAccount) => ({
  databases: [...databases].map(([name, { uuid }]) => [name, uuid]),
  buckets: structuredClone([...buckets]),
  namespaces: [...namespaces],
  workflows: [...workflows],
});

test("an empty account: resources, secrets, the first deploy, and a second one that changes nothing", async () => {
  const { account } = deployment;
  const beforeSecrets = await deployment.deploy(["--env", "staging"]);
  expect(beforeSecrets.code).toBe(1);

  const put = ["secret", "put", "ADMIN_TOKEN", "--env", "staging", "-c", "wrangler.etl.toml"];
  expect((await deployment.wrangler(put, "a-long-enough-token")).code).toBe(0);
  account.workers.get("building-vitals-etl-staging")?.secrets.add("ACE_API_KEY");
  account.addDraft("building-vitals-backfill-staging", ["ACE_API_KEY", "ADMIN_TOKEN"]);
  account.addDraft("building-vitals-query-staging", ["ADMIN_TOKEN"]);

  const first = await deployment.deploy(["--env", "staging"]);
  expect(first.code).toBe(0);
  const transcript = `$ npm run deploy -- --env staging\n${beforeSecrets.output}\n$ npm run deploy -- --env staging\n${first.output}`;
  await expect(normalised(transcript)).toMatchFileSnapshot("first-deploy.txt");
  expect(migrationsOf(account, "building-vitals-staging")).toEqual(MIGRATIONS);
  const workers = [...account.workers].map(([name, { workersDev, previewUrls, crons }]) => ({
    name,
    workersDev,
    previewUrls,
    hasCrons: crons.length > 0,
  }));
  expect(workers).toEqual([
    { name: "building-vitals-etl-staging", workersDev: true, previewUrls: false, hasCrons: true },
    { name: "building-vitals-backfill-staging", workersDev: true, previewUrls: false, hasCrons: true },
    { name: "building-vitals-query-staging", workersDev: true, previewUrls: false, hasCrons: false },
  ]);
  expect([...account.workflows]).toEqual([["building-vitals-backfill-staging", "building-vitals-backfill-staging"]]);

  const before = resources(account);
  const second = await deployment.deploy(["--env", "staging"]);
  expect(second.code).toBe(0);
  expect(resources(account)).toEqual(before);
  expect(
    second.changes.filter((call) => !/^(POST|PUT|PATCH) (workers\/(scripts|assets)|workflows)\//.test(call)),
  ).toEqual([]);
  await expect(normalised(`$ npm run deploy -- --env staging\n${second.output}`)).toMatchFileSnapshot(
    "second-deploy.txt",
  );
});

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
