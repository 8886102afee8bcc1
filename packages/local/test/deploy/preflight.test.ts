import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readDeployOptions } from "../../src/deploy/deploy-options.ts";
import { FakeAccount, RIGHTS, type Right } from "../cloudflare/account.ts";
import { Deployment, edit } from "./deployment.ts";

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
  ["a token that is refused", () => {}, { CLOUDFLARE_API_TOKEN: "revoked" }, "Cloudflare refuses the login. Run"],
  ["a mistyped token", () => {}, { CLOUDFLARE_API_TOKEN: "limited." }, "Cloudflare refuses the login. Run"],
  [
    "a token with a line end",
    () => {},
    { CLOUDFLARE_API_TOKEN: "limited\n" },
    "CLOUDFLARE_API_TOKEN contains a space or a line end. Set it to the token alone.",
  ],
  [
    "a mistyped account",
    () => {},
    { CLOUDFLARE_ACCOUNT_ID: "some-building" },
    'CLOUDFLARE_ACCOUNT_ID: found "some-building", expected 32 hexadecimal digits.',
  ],
  [
    "an account of another owner",
    () => {},
    { CLOUDFLARE_ACCOUNT_ID: "0".repeat(32) },
    `The login does not list the account ${"0".repeat(32)}. Check CLOUDFLARE_ACCOUNT_ID`,
  ],
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
    () => deployment.cloudflare.addToken("two", [deployment.account, new FakeAccount("Other Building")]),
    { CLOUDFLARE_API_TOKEN: "two" },
    "The login has several accounts. Set CLOUDFLARE_ACCOUNT_ID to one of them:\n",
  ],
  [
    "an API that does not answer",
    () => (deployment.cloudflare.breaks = () => "before"),
    {},
    "Check this machine's connection to the internet.",
  ],
])("%s is refused before anything changes", async (_, prepare, env, says) => {
  prepare();
  const { code, output, changes } = await deployment.deployHere(["--env", "staging"], env);
  expect(output).toContain(says);
  expect(output).not.toContain("    at ");
  expect(output).toMatch(/\nNothing was changed. Run the same command again afterwards.\n$/);
  expect(changes).toEqual([]);
  expect(code).toBe(1);
});

test("CLOUDFLARE_ACCOUNT_ID chooses one of two accounts", async () => {
  const other = new FakeAccount("Other Building");
  deployment.cloudflare.addToken("two", [deployment.account, other]);
  const env = { CLOUDFLARE_API_TOKEN: "two", CLOUDFLARE_ACCOUNT_ID: other.id };
  const { code, output } = await deployment.deployHere(["--env", "staging", "--dry-run"], env);
  expect(output).toContain("account    Other Building");
  expect(code).toBe(0);
});

test("without a login the error says how to log in", async () => {
  const { code, output } = await deployment.deployHere(["--env", "staging"], { CLOUDFLARE_API_TOKEN: "" });
  expect(output).toContain("Run npx wrangler login, or set CLOUDFLARE_API_TOKEN.");
  expect(code).toBe(1);
});

test("--dry-run shows the plan and the missing secrets, and changes nothing", async () => {
  deployment.account.workers.clear();
  const { code, output, changes } = await deployment.deployHere(["--env", "staging", "--dry-run"]);
  for (const line of [
    "create     the D1 database building-vitals-staging",
    "create     the R2 bucket ace-timeseries-staging",
    "create     the bucket's rule that staging/ expires after 7 days",
    "create     the KV namespace etl-state-staging",
    "deploy     etl, backfill, query",
    "  npx wrangler secret put ACE_API_KEY --env staging -c wrangler.backfill.toml",
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
  const { code, output, changes } = await deployment.deployHere(["--env", "staging"]);
  expect(output).toContain(
    'The lifecycle rule "tidy" of ace-timeseries-staging would delete day files (all keys: deletes objects after 10 days).',
  );
  expect(changes).toEqual([]);
  expect(code).toBe(1);
});

test("one run names all that an account lacks", async () => {
  const { account } = deployment;
  account.isR2Enabled = false;
  account.subdomain = null;
  limited(RIGHTS.filter((right) => right !== "D1" && right !== "Workflows"));
  const { output, changes } = await deployment.deployHere(["--env", "staging"], { CLOUDFLARE_API_TOKEN: "limited" });
  for (const lack of ['"D1: Edit"', '"Workflows: Edit"', "R2 is not enabled", "no workers.dev subdomain"]) {
    expect(output).toContain(lack);
  }
  expect(changes).toEqual([]);
});

test.each([
  [[], "--env: is missing: npm run deploy -- --env staging (or production)"],
  [["--env", "prod"], '--env: found "prod", expected staging or production'],
  [["--env", "staging", "--token", "x"], "--token"],
  [["--env", "staging", "--wait", "soon"], "--wait: expected a number of seconds"],
  [["--env", "staging", "--location", "mars"], '--location: found "mars", expected wnam'],
])("the options %j are refused with a reason", (args, message) => {
  expect(() => readDeployOptions(args)).toThrow(message);
});

test.each<[name: string, change: (text: string) => string, says: string]>([
  ["a TOML file", (text) => text.replaceAll(`"}]'`, `"}]`), "wrangler.etl.toml: Invalid TOML document"],
  [
    "a variable",
    (text) => text.replaceAll('GAP_CONFIRM_HOURS = "24"', 'GAP_CONFIRM_HOURS = "a day"'),
    "wrangler.etl.toml, variables of staging: GAP_CONFIRM_HOURS: must be a whole number from",
  ],
  [
    "a zone",
    (text) => text.replaceAll("America/Chicago", "America/Chikago"),
    'SITES of staging in wrangler.etl.toml: 0.timezone: "America/Chikago" is not an IANA time zone',
  ],
  [
    "the sites of one Worker",
    (text) => text.replaceAll("ses_falls_city", "my_site"),
    `has the site "my_site" with the zone America/Chicago, and wrangler.backfill.toml lacks it.
Put the same sites into SITES of all three wrangler files.`,
  ],
])("a mistake in %s is refused before any request", async (_, change, says) => {
  const root = await deployment.checkout();
  await edit(join(root, "wrangler.etl.toml"), change);
  const { code, output } = await deployment.deployHere(["--env", "staging"], {}, root);
  expect(output).toContain(says);
  expect(deployment.cloudflare.taken).toEqual([]);
  expect(code).toBe(1);
});

test("a Worker that does not build is refused before anything changes", async () => {
  const root = await deployment.checkout("query");
  await edit(join(root, "wrangler.query.toml"), (text) => text.replace("query/src/index.ts", "query/src/absent.ts"));
  const { code, output, changes } = await deployment.deployHere(["--env", "staging"], {}, root);
  expect(output).toContain("query/src/absent.ts");
  expect(output).toMatch(/\nNothing was changed. Run the same command again afterwards.\n$/);
  expect(changes).toEqual([]);
  expect(code).toBe(1);
});

test("an invalid command line ends with 2", async () => {
  const { code, output } = await deployment.deploy(["--env", "prod"]);
  expect(output).toBe('--env: found "prod", expected staging or production\n--help lists the options.\n');
  expect(code).toBe(2);
});
