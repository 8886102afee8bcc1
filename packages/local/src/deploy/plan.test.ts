import { expect, test } from "vitest";
import type { Existing } from "./account.ts";
import { type DatabasePlan, irrevocable, planDeploy } from "./plan.ts";
import { DEPLOY_ORDER, type Wanted } from "./wanted.ts";

const file = { main: "index.ts", env: {} };
const wanted: Wanted = {
  environment: "staging",
  databases: ["db", "db-1"],
  bucket: "b",
  namespace: "kv",
  migrations: ["0001.sql", "0002.sql"],
  workers: DEPLOY_ORDER.map((worker) => ({ worker, name: worker, file, hasAccess: false })),
};
const rule = { name: "staging", enabled: true, prefix: "staging/", action: "Expire objects after 7 days" };
const secrets = ["ACE_API_KEY", "ADMIN_TOKEN", "ALERT_WEBHOOK_URL", "QUERY_TOKEN"];
const whole = { applied: wanted.migrations, hasTables: true };
const complete: Existing = {
  databases: new Map([
    ["db", whole],
    ["db-1", whole],
  ]),
  rules: [rule],
  namespace: "2",
  workers: new Map(DEPLOY_ORDER.map((worker) => [worker, { secrets, version: "v" }])),
};
const inOrder = (name: string): DatabasePlan => ({ name, create: false, migrate: [], bookmark: false });
const nothingToDo = {
  refusals: [],
  databases: [inOrder("db"), inOrder("db-1")],
  create: [],
  missingSecrets: [],
  replacedRule: null,
  notes: [],
};

test("of a complete environment nothing is left to do", () => {
  expect(planDeploy(wanted, complete)).toEqual(nothingToDo);
});

test.each([
  ["a table, and no migration", { applied: [], hasTables: true }, ["0001.sql", "0002.sql"], true],
  ["a migration that lacks", { applied: ["0001.sql"], hasTables: true }, ["0002.sql"], true],
  ["nothing", { applied: [], hasTables: false }, ["0001.sql", "0002.sql"], false],
])("a database that has %s", (_, has, migrate, bookmark) => {
  for (const [i, name] of wanted.databases.entries()) {
    const databases = new Map([...complete.databases, [name, has]]);
    const plan = planDeploy(wanted, { ...complete, databases });
    const expected = nothingToDo.databases.with(i, { name, create: false, migrate, bookmark });
    expect(plan).toEqual({ ...nothingToDo, databases: expected });
    expect(irrevocable(plan)).toHaveLength(bookmark ? 1 : 0);
  }
});

test("a database that is newer than the checkout is refused", () => {
  const newer = { applied: [...wanted.migrations, "0003.sql"], hasTables: true };
  const { refusals, databases } = planDeploy(wanted, { ...complete, databases: new Map([["db-1", newer]]) });
  expect(refusals).toEqual(["db-1 has migrations that this checkout lacks: 0003.sql. Deploy the newer one."]);
  expect(databases[1]?.migrate).toEqual([]);
});

test.each([
  ["", "Expire objects after 90 days", true],
  ["time", "Expire objects after 90 days", true],
  ["timeseries/2024/", "Expire objects on 2027-01-01", true],
  ["timeseries/", "Transition to Infrequent Access after 90 days", false],
  ["", "Abort incomplete multipart uploads after 7 days", false],
  ["other/", "Expire objects after 1 days", false],
])("a rule for %j that says %j is refused: %s", (prefix, action, isRefused) => {
  const other = { name: "other", enabled: true, prefix, action };
  const refusalsOf = (rules: Existing["rules"]) => planDeploy(wanted, { ...complete, rules }).refusals;
  expect(refusalsOf([rule, other]).length > 0).toBe(isRefused);
  expect(refusalsOf([rule, { ...other, enabled: false }])).toEqual([]);
});

test.each([{ prefix: "stag" }, { action: "Expire objects after 8 days" }, { enabled: false }])(
  "a staging rule with %j is replaced, which cannot be taken back",
  (change) => {
    const plan = planDeploy(wanted, { ...complete, rules: [{ ...rule, ...change }] });
    expect(plan.create).toEqual([]);
    expect(plan.replacedRule).not.toBeNull();
    expect(irrevocable(plan)).toHaveLength(1);
  },
);

test("what lacks is created, secrets are named by Worker, optional ones only mentioned", () => {
  const plan = planDeploy(wanted, { databases: new Map(), rules: null, namespace: null, workers: new Map() });
  expect(plan.databases.map(({ name, create }) => [name, create])).toEqual([
    ["db", true],
    ["db-1", true],
  ]);
  expect(plan.create).toEqual(["bucket", "rule", "namespace"]);
  expect(plan.missingSecrets.map(({ worker, secret }) => `${worker} ${secret}`)).toEqual([
    "etl ACE_API_KEY",
    "etl ADMIN_TOKEN",
    "backfill ACE_API_KEY",
    "backfill ADMIN_TOKEN",
    "query ADMIN_TOKEN",
  ]);
  expect(plan.notes).toHaveLength(2);
  expect(irrevocable(plan)).toEqual([]);
});
