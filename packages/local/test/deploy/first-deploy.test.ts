import { afterEach, beforeEach, expect, test } from "vitest";
import { DEPLOY_ORDER } from "../../src/deploy/wanted.ts";
import { FakeAccount } from "../cloudflare/account.ts";
import { addDeployed, MIGRATIONS, migrationsOf } from "./account-state.ts";
import { Deployment, LONG_MS, type Run } from "./deployment.ts";

let deployment: Deployment;
beforeEach(async () => {
  deployment = await Deployment.start();
});
afterEach(() => deployment.close());

const STAGING = ["--env", "staging"];

/**
 * The size limit of each Worker, gzipped: 15% above its size when measured. Cloudflare's limit is 3 MB on the Free plan
 * and 10 MB on the Paid plan; a larger Worker starts more slowly. Environments differ in names and variables only
 * (test/lint/wrangler-files.test.ts).
 */
const BUDGET_BYTES = { etl: 345_000, backfill: 380_000, query: 430_000 } as const;

/** A transcript without the list of migrations, which grows. */
const transcript = (...runs: readonly Run[]) =>
  runs
    .map(({ output, code }) => `$ npm run deploy -- --env staging\n${output}(exit code ${code})\n`)
    .join("\n")
    .replaceAll(MIGRATIONS.join(", "), "(all migrations)");

/** A copy of the parts of an account whose name ends in the environment's. */
function partsOf({ databases, buckets, namespaces, workers, workflows }: FakeAccount, environment: string) {
  const ids = new Map([...databases].map(([name, { uuid }]) => [name, uuid]));
  const kinds: readonly ReadonlyMap<string, unknown>[] = [ids, buckets, namespaces, workers, workflows];
  return structuredClone(kinds.map((kind) => [...kind].filter(([name]) => name.endsWith(environment))));
}

test("staging is deployed into an empty account, and again", { timeout: LONG_MS }, async () => {
  const { account } = deployment;
  const refused = await deployment.deploy(STAGING);
  expect(refused.changes).toEqual([]);

  // The printed commands differ in names only, so one is run, and the other secrets are set.
  const command = refused.output.split("\n").find((line) => line.includes("secret put ADMIN_TOKEN"));
  expect((await deployment.follow(command ?? "", "a-long-enough-token")).code).toBe(0);
  account.workers.get("building-vitals-etl-staging")?.secrets.add("ACE_API_KEY");
  account.addDraft("building-vitals-backfill-staging", ["ACE_API_KEY", "ADMIN_TOKEN"]);
  account.addDraft("building-vitals-query-staging", ["ADMIN_TOKEN"]);

  const first = await deployment.deploy(STAGING);
  await expect(transcript(refused, first)).toMatchFileSnapshot("first-deploy.txt");
  expect(migrationsOf(account, "building-vitals-staging")).toEqual(MIGRATIONS);
  const workers = [...account.workers].map(([name, { workersDev, previewUrls, crons, secrets }]) => ({
    name,
    workersDev,
    previewUrls,
    crons: crons.length,
    secrets: secrets.size,
  }));
  expect(workers).toEqual([
    { name: "building-vitals-etl-staging", workersDev: true, previewUrls: false, crons: 3, secrets: 2 },
    { name: "building-vitals-backfill-staging", workersDev: true, previewUrls: false, crons: 1, secrets: 2 },
    { name: "building-vitals-query-staging", workersDev: true, previewUrls: false, crons: 0, secrets: 1 },
  ]);
  expect([...account.workflows]).toEqual([["building-vitals-backfill-staging", "building-vitals-backfill-staging"]]);
  for (const worker of DEPLOY_ORDER) {
    const weight = account.workers.get(`building-vitals-${worker}-staging`)?.versions[0]?.gzipBytes;
    expect(weight, worker).toBeLessThan(BUDGET_BYTES[worker]);
    expect(weight, worker).toBeGreaterThan(BUDGET_BYTES[worker] / 2);
  }

  const second = await deployment.deployHere(STAGING, {}, await deployment.checkout());
  await expect(transcript(second)).toMatchFileSnapshot("second-deploy.txt");
  // It uploads the same code and settings, and changes nothing else.
  const isUpload = (call: string) => /^(POST|PUT|PATCH) (workers\/(scripts|assets)|workflows)\//.test(call);
  expect(second.changes.filter((call) => !isUpload(call))).toEqual([]);
});

test("production in one of two accounts leaves staging unchanged", async () => {
  const { account, cloudflare } = deployment;
  addDeployed(account, "staging");
  deployment.addSecrets("production");
  const other = new FakeAccount("Other Building");
  cloudflare.addToken("two", [other, account]);
  const before = partsOf(account, "staging");
  const env = { CLOUDFLARE_API_TOKEN: "two", CLOUDFLARE_ACCOUNT_ID: account.id };
  const root = await deployment.checkout();
  const { code } = await deployment.deployHere(["--env", "production", "--location", "weur"], env, root);
  expect(code).toBe(0);
  expect(partsOf(account, "staging")).toEqual(before);
  expect(account.databases.get("building-vitals-production")?.location).toBe("weur");
  expect(account.buckets.get("ace-timeseries-production")?.location).toBe("weur");
  expect([...account.workflows.keys()]).toEqual(["building-vitals-backfill-production"]);
  expect(other.workers.size).toBe(0);
});
