import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DEPLOY_ORDER, readWanted } from "../../src/deploy/wanted.ts";
import { addDeployed, MIGRATIONS, migrationsOf } from "./account-state.ts";
import { addMigration, Deployment, edit, ill, NEXT_MIGRATION, wranglerFile } from "./deployment.ts";

const ALL = [...MIGRATIONS, NEXT_MIGRATION];
const MAIN = "building-vitals-staging";
const [ONE, TWO] = [`${MAIN}-1`, `${MAIN}-2`];

let deployment: Deployment;
let root: string;
beforeEach(async () => {
  deployment = await Deployment.start();
  root = await deployment.checkout();
});
afterEach(() => deployment.close());

const run = (...args: string[]) => deployment.deployHere(["--env", "staging", ...args], {}, root);

/** Adds a database to the staging environment of some Workers, as docs/operations.md describes. */
async function addDatabase(binding: string, name: string, workers: readonly string[] = DEPLOY_ORDER): Promise<void> {
  const block = `
[[env.staging.d1_databases]]
binding = "${binding}"
database_name = "${name}"
migrations_dir = "migrations"
`;
  for (const worker of workers) await edit(join(root, wranglerFile(worker)), (text) => text + block);
}

/** Adds a site in a database to the staging environment of some Workers. */
async function addSite(database: string, workers: readonly string[] = DEPLOY_ORDER): Promise<void> {
  const site = `,{"name":"ses_other","timezone":"UTC","database":"${database}"}]'`;
  for (const worker of workers) {
    await edit(join(root, wranglerFile(worker)), (text) =>
      text.replace(/(\[env\.staging\.vars\][^[]*SITES = '\[[^\]]*)\]'/, (_, before: string) => before + site),
    );
  }
}

test("an upgrade adds a database, migrates all, and prints each one's way back", async () => {
  const { account } = deployment;
  addDeployed(account, "staging");
  await addMigration(root);
  await addDatabase("DB_1", ONE);
  await addSite("DB_1");
  const refused = await deployment.deployHere(["--env", "staging"], {}, root);
  expect(refused.code).toBe(1);
  for (const line of [
    `create     the D1 database ${ONE}`,
    `migrate    ${MAIN}: ${NEXT_MIGRATION}`,
    `migrate    ${ONE}: ${ALL.join(", ")}`,
    `careful    migrate ${MAIN}, which holds data: ${NEXT_MIGRATION}`,
  ]) {
    expect(refused.output).toContain(`${line}\n`);
  }
  expect(refused.output).not.toContain(`migrate ${ONE}, which holds data`);
  expect(refused.changes).toEqual([]);

  deployment.health = ill;
  const { output, code } = await run("--yes", "--wait", "0");
  expect(code).toBe(1);
  expect(output).toContain(`d1 time-travel restore ${MAIN} --bookmark=`);
  expect(output).not.toContain(`d1 time-travel restore ${ONE}`);
  for (const name of [MAIN, ONE]) expect(migrationsOf(account, name)).toEqual(ALL);
  const bound = account.workers.get("building-vitals-etl-staging")?.versions[0]?.bindings ?? [];
  expect(bound.filter(({ type }) => type === "d1")).toEqual([
    expect.objectContaining({ name: "DB", id: account.databases.get(MAIN)?.uuid }),
    expect.objectContaining({ name: "DB_1", id: account.databases.get(ONE)?.uuid }),
  ]);
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
    "a binding with another database in another file",
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
  ["a site in an unbound database", () => addSite("DB_1", ["backfill"]), unbound],
  [
    "a site in different databases",
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

test("contradictory files are refused before any request", async () => {
  await addDatabase("DB_1", ONE, ["etl", "backfill"]);
  const { code, output } = await deployment.deployHere(["--env", "staging"], {}, root);
  expect(output).toBe(`${lacks}\nNothing was changed. Run the same command again afterwards.\n`);
  expect(deployment.cloudflare.taken).toEqual([]);
  expect(code).toBe(1);
});

test("the order of the bindings in a file does not matter", async () => {
  await addDatabase("DB_2", TWO, ["etl"]);
  await addDatabase("DB_1", ONE);
  await addDatabase("DB_2", TWO, ["backfill", "query"]);
  expect((await readWanted(root, "staging")).databases).toEqual([MAIN, ONE, TWO]);
});
