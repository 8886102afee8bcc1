import { readdirSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { FakeAccount } from "./fake-account.ts";
import { changes, type DeployRun, FakeDeployment, ill, STAGING_DEPLOYS as deploys, well } from "./fake-deployment.ts";

const ALL_MIGRATIONS = readdirSync(new URL("../../../../migrations/", import.meta.url)).toSorted();
const MIGRATIONS = ALL_MIGRATIONS.slice(0, -1);

let fake: FakeDeployment;
beforeEach(async () => {
  fake = await FakeDeployment.start();
});
afterEach(() => fake.close());

const deploy = (...args: string[]): Promise<DeployRun> => fake.deploy(args);
const given = (state: Partial<FakeAccount>) => fake.given({ migrations: ALL_MIGRATIONS, ...state });
const account = () => fake.account();

const secrets = { secrets: ["ACE_API_KEY", "ADMIN_TOKEN"], version: null };
const drafts = {
  "building-vitals-etl-staging": secrets,
  "building-vitals-backfill-staging": secrets,
  "building-vitals-query-staging": { secrets: ["ADMIN_TOKEN"], version: null },
};
const rule = { name: "staging", prefix: "staging/", action: "Expire objects after 7 days" };
const complete: Partial<FakeAccount> = {
  databases: { "building-vitals-staging": { tables: ["sites", "sample_hours"], applied: ALL_MIGRATIONS } },
  buckets: { "ace-timeseries-staging": [rule] },
  namespaces: ["etl-state-staging"],
  workers: {
    "building-vitals-etl-staging": { secrets: secrets.secrets, version: "v1" },
    "building-vitals-backfill-staging": { secrets: secrets.secrets, version: "v2" },
    "building-vitals-query-staging": { secrets: ["ADMIN_TOKEN", "QUERY_TOKEN"], version: "v3" },
  },
};

test("nothing exists: all is created, migrated without a question, deployed in order, and shown", async () => {
  await given({ workers: drafts });
  const { code, output, calls } = await deploy("--env", "staging");
  expect(output).toContain("account    Some Building");
  expect(changes({ calls })).toEqual([
    "d1 create building-vitals-staging",
    "r2 bucket create ace-timeseries-staging",
    "r2 bucket lifecycle add ace-timeseries-staging staging staging/ --expire-days 7",
    "kv namespace create etl-state-staging",
    "d1 migrations apply building-vitals-staging --remote --env staging -c wrangler.etl.json",
    ...deploys,
  ]);
  for (const worker of ["etl", "backfill", "query"])
    expect(output).toMatch(new RegExp(`deployed {3}${worker} +${fake.url}\n`));
  expect(output).toContain("QUERY_TOKEN is not set: everybody may read the samples");
  expect(code).toBe(0);
});

test("all exists: nothing is touched, and the three are deployed", async () => {
  await given(complete);
  const { code, output, calls } = await deploy("--env", "staging");
  expect(changes({ calls })).toEqual(deploys);
  expect(output).not.toContain("create");
  expect(output).not.toContain("QUERY_TOKEN");
  expect(code).toBe(0);
});

test("--dry-run shows the whole plan and changes nothing", async () => {
  await given({ workers: drafts });
  const before = account();
  const { code, output, calls } = await deploy("--env", "staging", "--dry-run");
  for (const line of [
    "create     the D1 database building-vitals-staging",
    "create     the R2 bucket ace-timeseries-staging",
    "create     the bucket's rule that staging/ expires after 7 days",
    "create     the KV namespace etl-state-staging",
    `migrate    building-vitals-staging: ${ALL_MIGRATIONS.join(", ")}`,
    "deploy     etl, backfill, query",
  ]) {
    expect(output).toContain(`${line}\n`);
  }
  expect(changes({ calls })).toEqual([]);
  expect(account()).toEqual(before);
  expect(code).toBe(0);
});

test("a creation that fails says so, and the next run goes on from there", async () => {
  await given({ workers: drafts, fails: { command: "kv namespace create", message: "out of luck [code: 10000]" } });
  const first = await deploy("--env", "staging");
  expect(first.code).toBe(1);
  expect(first.output).toContain("wrangler kv namespace create etl-state-staging\nout of luck [code: 10000]");
  expect(first.output).toContain("Run the same command again to go on.");
  expect(first.output).not.toContain("    at ");
  await given({ ...account(), fails: null });
  const second = await deploy("--env", "staging");
  expect(changes(second)).toEqual([
    "kv namespace create etl-state-staging",
    "d1 migrations apply building-vitals-staging --remote --env staging -c wrangler.etl.json",
    ...deploys,
  ]);
  expect(second.code).toBe(0);
});

test("a secret that lacks stops it before any migration, and is named with the command that sets it", async () => {
  await given({ workers: { "building-vitals-etl-staging": { secrets: ["ACE_API_KEY"], version: null } } });
  const { code, output, calls } = await deploy("--env", "staging");
  expect(code).toBe(1);
  expect(output).toContain("npx wrangler secret put ADMIN_TOKEN --env staging -c wrangler.etl.toml\n");
  expect(output).toContain("npx wrangler secret put ACE_API_KEY --env staging -c wrangler.backfill.toml\n");
  expect(output).not.toContain("put ACE_API_KEY --env staging -c wrangler.etl.toml");
  expect(changes({ calls }).filter((call) => /^(deploy|d1 migrations)/.test(call))).toEqual([]);
  expect(Object.keys(account().databases)).toEqual(["building-vitals-staging"]);
});

const behind: Partial<FakeAccount> = {
  ...complete,
  databases: { "building-vitals-staging": { tables: ["sample_hours"], applied: MIGRATIONS } },
};

test("a migration of data needs --yes, and a bookmark is taken first", async () => {
  await given(behind);
  const refused = await deploy("--env", "staging");
  expect(refused.code).toBe(1);
  expect(refused.output).toContain(
    `careful    migrate building-vitals-staging, which holds data: ${ALL_MIGRATIONS.at(-1)}\n`,
  );
  expect(refused.output).toContain("Nothing was changed. What is marked careful needs --yes.");
  expect(changes(refused)).toEqual([]);

  const { code, output, calls } = await deploy("--env", "staging", "--yes");
  expect(changes({ calls })).toEqual([
    "d1 time-travel info building-vitals-staging --json --env staging -c wrangler.etl.json",
    "d1 migrations apply building-vitals-staging --remote --env staging -c wrangler.etl.json",
    ...deploys,
  ]);
  expect(output).toContain(
    "bookmark   00000085-0000024c-00004c6d-8e61117bf38d7adb71b934ebbf891683, of building-vitals",
  );
  expect(code).toBe(0);
});

test("a Worker whose /health says 503 fails the deploy, with the way back", async () => {
  fake.health = (version) => (version === "v5" ? ill(version) : well(version));
  await given(behind);
  const { code, output, calls } = await deploy("--env", "staging", "--yes", "--wait", "0");
  expect(code).toBe(1);
  expect(output).toContain(
    "backfill was deployed as v5, and is NOT WELL: it answers 503: schema: the database has schema version 4",
  );
  expect(output).toContain("npx wrangler rollback v2 --env staging -c wrangler.backfill.toml\n");
  expect(output).toContain("npx wrangler d1 time-travel restore building-vitals-staging --bookmark=00000085-");
  expect(changes({ calls }).filter((call) => call.startsWith("deploy"))).toEqual(deploys.slice(0, 2));
});

test("another rule for staging/ is replaced only with --yes", async () => {
  const month = { ...rule, action: "Expire objects after 30 days" };
  await given({ ...complete, buckets: { "ace-timeseries-staging": [month] } });
  const refused = await deploy("--env", "staging");
  expect(refused.output).toContain(
    'careful    replace the lifecycle rule "staging" (staging/: Expire objects after 30 days)',
  );
  expect(changes(refused)).toEqual([]);
  expect((await deploy("--env", "staging", "--yes")).code).toBe(0);
  expect(account().buckets["ace-timeseries-staging"]).toEqual([rule]);
});

test.each([
  [{ loggedIn: false }, "Run npx wrangler login"],
  [{ accounts: ["x", "y"].map((id) => ({ id, name: id })) }, "CLOUDFLARE_ACCOUNT_ID says which"],
  [{ fails: { command: "d1 list", message: "Authentication error [code: 10000]" } }, "Authentication error"],
])("what cannot begin says why: %j", async (state, message) => {
  await given({ ...complete, ...state });
  const { code, output, calls } = await deploy("--env", "staging");
  expect(output).toContain(message);
  expect(output).not.toContain("    at ");
  expect(changes({ calls })).toEqual([]);
  expect(code).toBe(1);
});

test.each([
  [[], "--env: is staging or production"],
  [["--env", "prod"], "--env: is staging or production"],
  [["--env", "staging", "--token", "x"], "--token"],
  [["--env", "staging", "--wait", "soon"], "--wait: is a number of seconds"],
])("%j is refused in a sentence", async (args, message) => {
  await given({});
  const { code, output } = await deploy(...args);
  expect(output).toContain(message);
  expect(code).toBe(2);
});
