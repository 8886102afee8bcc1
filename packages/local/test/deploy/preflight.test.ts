import { afterEach, beforeEach, expect, test } from "vitest";
import { FakeAccount, RIGHTS, type Right } from "../cloudflare/account.ts";
import { Deployment } from "./deployment.ts";

let deployment: Deployment;
beforeEach(async () => {
  deployment = await Deployment.start();
  deployment.addSecrets();
});
afterEach(() => deployment.close());

const without = (missing: Right) => RIGHTS.filter((right) => right !== missing);
const limited = (rights: readonly Right[]) => deployment.cloudflare.addToken("limited", [deployment.account], rights);

test.each<[name: string, prepare: () => void, env: NodeJS.ProcessEnv, says: string]>([
  [
    "a token without D1",
    () => limited(without("D1")),
    { CLOUDFLARE_API_TOKEN: "limited" },
    'lacks the permission "D1: Edit"',
  ],
  [
    "a token without R2",
    () => limited(without("Workers R2 Storage")),
    { CLOUDFLARE_API_TOKEN: "limited" },
    'lacks the permission "Workers R2 Storage: Edit"',
  ],
  [
    "a token without KV",
    () => limited(without("Workers KV Storage")),
    { CLOUDFLARE_API_TOKEN: "limited" },
    'lacks the permission "Workers KV Storage: Edit"',
  ],
  [
    "a token without Workflows",
    () => limited(without("Workflows")),
    { CLOUDFLARE_API_TOKEN: "limited" },
    'lacks the permission "Workflows: Edit"',
  ],
  [
    "a token without Workers",
    () => limited(without("Workers Scripts")),
    { CLOUDFLARE_API_TOKEN: "limited" },
    'lacks the permission "Workers Scripts: Edit"',
  ],
  ["a token that is refused", () => {}, { CLOUDFLARE_API_TOKEN: "revoked" }, "Cloudflare refuses the login."],
  [
    "an account where R2 is not enabled",
    () => (deployment.account.isR2Enabled = false),
    {},
    "R2 is not enabled in this account. Enable it in the dashboard",
  ],
  [
    "an account without a workers.dev subdomain",
    () => (deployment.account.subdomain = null),
    {},
    "The account has no workers.dev subdomain, which Workflows need. Register one: https://dash.cloudflare.com/",
  ],
  [
    "a login with two accounts",
    () => deployment.cloudflare.addToken("two", [deployment.account, new FakeAccount("Other Building", "b2")]),
    { CLOUDFLARE_API_TOKEN: "two" },
    "The login has several accounts. Set CLOUDFLARE_ACCOUNT_ID to one of them:\n",
  ],
  [
    "an API that does not answer",
    () => (deployment.cloudflare.breaks = () => "before"),
    {},
    "no answer from Cloudflare's API",
  ],
])("%s is refused before anything changes", async (_, prepare, env, says) => {
  prepare();
  const { code, output, changes } = await deployment.deploy(["--env", "staging"], { env });
  expect(output).toContain(says);
  expect(output).not.toContain("    at ");
  expect(changes).toEqual([]);
  expect(code).toBe(1);
});

test("CLOUDFLARE_ACCOUNT_ID chooses one of two accounts", async () => {
  const other = new FakeAccount("Other Building");
  deployment.cloudflare.addToken("two", [deployment.account, other]);
  const env = { CLOUDFLARE_API_TOKEN: "two", CLOUDFLARE_ACCOUNT_ID: other.id };
  const { code, output } = await deployment.deploy(["--env", "staging", "--dry-run"], { env });
  expect(output).toContain("account    Other Building");
  expect(code).toBe(0);
});

test("without a login it says how to log in", async () => {
  const { code, output } = await deployment.deploy(["--env", "staging"], { env: { CLOUDFLARE_API_TOKEN: "" } });
  expect(output).toContain("Run npx wrangler login, or set CLOUDFLARE_API_TOKEN.");
  expect(code).toBe(1);
});

test("--dry-run shows the whole plan and changes nothing", async () => {
  const { code, output, changes } = await deployment.deploy(["--env", "staging", "--dry-run"]);
  for (const line of [
    "create     the D1 database building-vitals-staging",
    "create     the R2 bucket ace-timeseries-staging",
    "create     the bucket's rule that staging/ expires after 7 days",
    "create     the KV namespace etl-state-staging",
    "deploy     etl, backfill, query",
  ]) {
    expect(output).toContain(`${line}\n`);
  }
  expect(changes).toEqual([]);
  expect(code).toBe(0);
});

test("a rule that would delete day files is refused", async () => {
  const condition = { type: "Age" as const, maxAge: 864_000 };
  const rule = { id: "tidy", enabled: true, conditions: { prefix: "" }, deleteObjectsTransition: { condition } };
  deployment.account.buckets.set("ace-timeseries-staging", { rules: [rule], location: null });
  const { code, output, changes } = await deployment.deploy(["--env", "staging"]);
  expect(output).toContain(
    'The lifecycle rule "tidy" of ace-timeseries-staging would delete day files (all keys: deletes objects after 10 days).',
  );
  expect(changes).toEqual([]);
  expect(code).toBe(1);
});

test("missing secrets: the resources are created, and the commands that set them are printed", async () => {
  deployment.account.workers.clear();
  const { code, output, changes } = await deployment.deploy(["--env", "staging", "--location", "weur"]);
  expect(output).toContain("npx wrangler secret put ADMIN_TOKEN --env staging -c wrangler.etl.toml\n");
  expect(output).toContain("npx wrangler secret put ACE_API_KEY --env staging -c wrangler.backfill.toml\n");
  expect(changes).toEqual([
    "POST d1/database",
    "POST r2/buckets",
    "PUT r2/buckets/ace-timeseries-staging/lifecycle",
    "POST storage/kv/namespaces",
  ]);
  expect(deployment.account.databases.get("building-vitals-staging")?.location).toBe("weur");
  expect(deployment.account.buckets.get("ace-timeseries-staging")?.location).toBe("weur");
  expect(code).toBe(1);
});

test("a creation whose answer is lost is found by the next run", async () => {
  deployment.account.workers.clear();
  const creations = ["POST d1/database", "POST r2/buckets", "PUT r2/", "POST storage/kv/namespaces"];
  for (const when of ["before", "after"] as const) {
    for (const creation of creations) {
      deployment.cloudflare.breaks = (call) => (call.startsWith(creation) ? when : null);
      const { code, output } = await deployment.deploy(["--env", "staging"]);
      if (when === "before") expect(output).toContain("Run the same command again to go on.");
      expect(code).toBe(1);
    }
    deployment.account.databases.clear();
    deployment.account.buckets.clear();
    deployment.account.namespaces.clear();
  }
  deployment.cloudflare.breaks = () => null;
  expect((await deployment.deploy(["--env", "staging"])).output).toContain("Secrets are missing");
  expect(deployment.account.namespaces.size).toBe(1);
});

test.each([
  [[], "--env: is staging or production"],
  [["--env", "prod"], "--env: is staging or production"],
  [["--env", "staging", "--token", "x"], "--token"],
  [["--env", "staging", "--wait", "soon"], "--wait: is a number of seconds"],
  [["--env", "staging", "--location", "mars"], "--location: is one of wnam"],
])("%j is refused in a sentence", async (args, message) => {
  const { code, output } = await deployment.deploy(args);
  expect(output).toContain(message);
  expect(code).toBe(2);
});
