import { readdirSync, readFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { FakeAccount } from "./fake-account.ts";
import { changes, FakeDeployment, ill, STAGING_DEPLOYS, well, wranglerFile } from "./fake-deployment.ts";
import { DEPLOY_ORDER, readWanted } from "./wanted.ts";

const MIGRATIONS = readdirSync(new URL("../../../../migrations/", import.meta.url)).toSorted();
const BEHIND = MIGRATIONS.slice(0, -1);
const LAST = MIGRATIONS.at(-1)!;
const secrets = { secrets: ["ACE_API_KEY", "ADMIN_TOKEN", "QUERY_TOKEN"], version: null };
const MAIN = "building-vitals-staging";
const [ONE, TWO] = [`${MAIN}-1`, `${MAIN}-2`];

let fake: FakeDeployment;
let root: string;
beforeEach(async () => {
  fake = await FakeDeployment.start();
  root = await fake.checkout();
  await fake.given({
    migrations: MIGRATIONS,
    workers: Object.fromEntries(DEPLOY_ORDER.map((worker) => [`building-vitals-${worker}-staging`, secrets])),
  });
});
afterEach(() => fake.close());

const run = (...args: string[]) => fake.deploy(["--env", "staging", ...args], root);
const apply = (name: string) => `d1 migrations apply ${name} --remote --env staging -c wrangler.etl.json`;
const bookmark = (name: string) => `d1 time-travel info ${name} --json --env staging -c wrangler.etl.json`;

async function edit(worker: string, change: (text: string) => string): Promise<void> {
  const file = join(root, wranglerFile(worker));
  const before = await readFile(file, "utf8");
  const after = change(before);
  expect(after).not.toBe(before);
  await writeFile(file, after);
}

/** Puts a database into Workers' staging, as docs/operations.md says. */
async function addDatabase(binding: string, name: string, workers: readonly string[] = DEPLOY_ORDER): Promise<void> {
  const block = `
[[env.staging.d1_databases]]
binding = "${binding}"
database_name = "${name}"
migrations_dir = "migrations"
`;
  for (const worker of workers) await edit(worker, (text) => text + block);
}

/** Puts a site into a database in Workers' staging. */
async function addSite(database: string, workers: readonly string[] = DEPLOY_ORDER): Promise<void> {
  const site = `,{"name":"ses_other","timezone":"UTC","database":"${database}"}]'`;
  for (const worker of workers) {
    await edit(worker, (text) =>
      text.replace(/(\[env\.staging\.vars\][^[]*SITES = '\[[^\]]*)\]'/, (_, before: string) => before + site),
    );
  }
}

const databases = (applied: Record<string, readonly string[]>): FakeAccount["databases"] =>
  Object.fromEntries(
    Object.entries(applied).map(([name, files]) => [
      name,
      { tables: files.length > 0 ? ["sites", "sample_hours"] : [], applied: [...files] },
    ]),
  );

test("a first deploy creates and migrates each, and binds each by its own id in all Workers", async () => {
  await addDatabase("DB_1", ONE);
  await addSite("DB_1");
  const dry = await run("--dry-run");
  for (const line of [
    `create     the D1 database ${MAIN}`,
    `create     the D1 database ${ONE}`,
    `migrate    ${MAIN}: ${MIGRATIONS.join(", ")}`,
    `migrate    ${ONE}: ${MIGRATIONS.join(", ")}`,
  ]) {
    expect(dry.output).toContain(`${line}\n`);
  }
  expect(changes(dry)).toEqual([]);

  const { code, calls } = await run();
  expect(changes({ calls })).toEqual([
    `d1 create ${MAIN}`,
    `d1 create ${ONE}`,
    "r2 bucket create ace-timeseries-staging",
    "r2 bucket lifecycle add ace-timeseries-staging staging staging/ --expire-days 7",
    "kv namespace create etl-state-staging",
    apply(MAIN),
    apply(ONE),
    ...STAGING_DEPLOYS,
  ]);
  expect(code).toBe(0);
  expect(fake.account().databases).toEqual(databases({ [MAIN]: MIGRATIONS, [ONE]: MIGRATIONS }));
  for (const worker of DEPLOY_ORDER) {
    const written: unknown = JSON.parse(
      readFileSync(join(fake.folder, "deploy/staging", `wrangler.${worker}.json`), "utf8"),
    );
    const bound = ["DB", "DB_1"].map((binding, i) => ({
      binding,
      database_id: `00000000-0000-4000-8000-00000000000${i + 1}`,
      migrations_dir: expect.stringMatching(/\/migrations$/),
    }));
    expect(written).toMatchObject({ env: { staging: { d1_databases: bound } } });
  }
});

test("an upgrade that adds one creates it alone, and migrates all; of those that hold data a bookmark is taken first", async () => {
  await addDatabase("DB_1", ONE);
  await addDatabase("DB_2", TWO);
  await addSite("DB_2");
  await fake.given({ ...fake.account(), databases: databases({ [MAIN]: BEHIND, [ONE]: BEHIND }) });
  const refused = await run();
  expect(refused.code).toBe(1);
  for (const line of [
    `create     the D1 database ${TWO}`,
    `migrate    ${MAIN}: ${LAST}`,
    `migrate    ${ONE}: ${LAST}`,
    `migrate    ${TWO}: ${MIGRATIONS.join(", ")}`,
    `careful    migrate ${MAIN}, which holds data: ${LAST}`,
    `careful    migrate ${ONE}, which holds data: ${LAST}`,
  ]) {
    expect(refused.output).toContain(`${line}\n`);
  }
  expect(refused.output).not.toContain(`migrate ${TWO}, which holds data`);
  expect(changes(refused)).toEqual([]);

  const { code, calls } = await run("--yes");
  expect(changes({ calls }).filter((call) => call.startsWith("d1 "))).toEqual([
    `d1 create ${TWO}`,
    bookmark(MAIN),
    bookmark(ONE),
    apply(MAIN),
    apply(ONE),
    apply(TWO),
  ]);
  expect(code).toBe(0);
  const all = databases({ [MAIN]: MIGRATIONS, [ONE]: MIGRATIONS, [TWO]: MIGRATIONS });
  expect(fake.account().databases).toEqual(all);
});

test("a migration that fails in the second stops it before any deploy; the next run migrates what lacks", async () => {
  await addDatabase("DB_1", ONE);
  const before = databases({ [MAIN]: BEHIND, [ONE]: BEHIND });
  const fails = { command: `d1 migrations apply ${ONE}`, message: "D1_ERROR: out of luck" };
  await fake.given({ ...fake.account(), databases: before, fails });
  const first = await run("--yes");
  expect(first.code).toBe(1);
  expect(first.output).toContain("out of luck");
  expect(changes(first).filter((call) => call.startsWith("deploy"))).toEqual([]);

  await fake.given({ ...fake.account(), fails: null });
  const second = await run("--yes");
  expect(changes(second).filter((call) => call.startsWith("d1 "))).toEqual([bookmark(ONE), apply(ONE)]);
  expect(second.code).toBe(0);
});

test("the way back names each database that was migrated", async () => {
  await addDatabase("DB_1", ONE);
  fake.health = (version) => (version === "v1" ? ill(version) : well(version));
  await fake.given({ ...fake.account(), databases: databases({ [MAIN]: BEHIND, [ONE]: BEHIND }) });
  const { code, output } = await run("--yes", "--wait", "0");
  expect(code).toBe(1);
  for (const name of [MAIN, ONE]) expect(output).toContain(`d1 time-travel restore ${name} --bookmark=`);
});

const lacks = `wrangler.etl.toml has a database DB_1 for staging, and wrangler.query.toml has not.
Put the same [[env.staging.d1_databases]] into all three wrangler files.`;
const unbound =
  'SITES of staging in wrangler.backfill.toml puts the site "ses_other" into DB_1, and there is no [[env.staging.d1_databases]]';

test.each<[string, () => Promise<void>, string]>([
  ["a database that one Worker lacks", () => addDatabase("DB_1", ONE, ["etl", "backfill"]), lacks],
  [
    "a database that only the last Worker has",
    () => addDatabase("DB_1", ONE, ["query"]),
    "wrangler.query.toml has a database DB_1 for staging, and wrangler.etl.toml has not.",
  ],
  [
    "a binding that is another database elsewhere",
    async () => {
      await addDatabase("DB_1", ONE, ["etl", "backfill"]);
      await addDatabase("DB_1", TWO, ["query"]);
    },
    `DB_1 of staging is the database ${ONE} in wrangler.etl.toml, and ${TWO} in wrangler.query.toml.`,
  ],
  [
    "two bindings of one database",
    () => addDatabase("DB_1", MAIN),
    `Two bindings of staging are the database ${MAIN}.`,
  ],
  ["a binding that no site can name", () => addDatabase("DB_01", ONE), "binding: must be DB, or DB_1, DB_2, …"],
  ["a site in no database", () => addSite("DB_1", ["backfill"]), unbound],
  [
    "a site that is somewhere else for another Worker",
    async () => {
      await addDatabase("DB_1", ONE);
      await addSite("DB_1", ["etl", "backfill"]);
      await addSite("DB", ["query"]);
    },
    'in wrangler.query.toml puts the site "ses_other" into DB, and that in wrangler.backfill.toml into DB_1.',
  ],
])("%s is refused", async (_, contradict, message) => {
  await contradict();
  await expect(readWanted(root, "staging")).rejects.toThrow(message);
});

test("what is refused is said in a sentence, before wrangler is asked anything", async () => {
  await addDatabase("DB_1", ONE, ["etl", "backfill"]);
  const { code, output, calls } = await run();
  expect(output).toBe(`${lacks}\n`);
  expect(calls).toEqual([""]);
  expect(code).toBe(1);
});

test("the order of the bindings in a file says nothing", async () => {
  await addDatabase("DB_2", TWO, ["etl"]);
  await addDatabase("DB_1", ONE);
  await addDatabase("DB_2", TWO, ["backfill", "query"]);
  expect((await readWanted(root, "staging")).databases).toEqual([MAIN, ONE, TWO]);
});
