import { expect, test } from "vitest";
import type { Existing } from "./existing.ts";
import { type LifecycleRule, STAGING_RULE } from "./lifecycle-rules.ts";
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
const secrets = ["ACE_API_KEY", "ADMIN_TOKEN", "ALERT_WEBHOOK_URL", "QUERY_TOKEN"];
const whole = { id: "1", applied: wanted.migrations, hasTables: true };
const complete: Existing = {
  databases: new Map([
    ["db", whole],
    ["db-1", whole],
  ]),
  rules: [STAGING_RULE],
  namespace: "2",
  workers: new Map(DEPLOY_ORDER.map((worker) => [worker, { secrets, versions: ["v"] }])),
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

test("a complete environment needs nothing", () => {
  expect(planDeploy(wanted, complete)).toEqual(nothingToDo);
});

test.each([
  ["a table, and no migration", { applied: [], hasTables: true }, ["0001.sql", "0002.sql"], true],
  ["some of the migrations", { applied: ["0001.sql"], hasTables: true }, ["0002.sql"], true],
  ["nothing", { applied: [], hasTables: false }, ["0001.sql", "0002.sql"], false],
])("a database with %s gets a bookmark if it holds tables", (_, has, migrate, bookmark) => {
  for (const [i, name] of wanted.databases.entries()) {
    const databases = new Map([...complete.databases, [name, { id: "1", ...has }]]);
    const plan = planDeploy(wanted, { ...complete, databases });
    const expected = nothingToDo.databases.with(i, { name, create: false, migrate, bookmark });
    expect(plan).toEqual({ ...nothingToDo, databases: expected });
    expect(irrevocable(plan)).toHaveLength(bookmark ? 1 : 0);
  }
});

test("a database newer than the checkout is refused", () => {
  const newer = { id: "1", applied: [...wanted.migrations, "0003.sql"], hasTables: true };
  const { refusals, databases } = planDeploy(wanted, { ...complete, databases: new Map([["db-1", newer]]) });
  expect(refusals).toEqual(["db-1 has migrations that this checkout lacks: 0003.sql. Deploy from a newer checkout."]);
  expect(databases[1]?.migrate).toEqual([]);
});

const DAY = 86_400;
const after = (days: number) => ({ condition: { type: "Age", maxAge: days * DAY } });

test.each<[prefix: string, rule: Partial<LifecycleRule>, isRefused: boolean]>([
  ["", { deleteObjectsTransition: after(90) }, true],
  ["time", { deleteObjectsTransition: after(90) }, true],
  ["timeseries/2024/", { deleteObjectsTransition: { condition: { type: "Date", date: "2027-01-01" } } }, true],
  ["timeseries/", { storageClassTransitions: [{ condition: { type: "Age", maxAge: DAY } }] }, false],
  ["", { abortMultipartUploadsTransition: { condition: { type: "Age", maxAge: DAY } } }, false],
  ["other/", { deleteObjectsTransition: after(1) }, false],
])("a rule for prefix %j with %j is refused: %s", (prefix, rule, isRefused) => {
  const other = { id: "other", enabled: true, conditions: { prefix }, ...rule };
  const refusalsOf = (rules: Existing["rules"]) => planDeploy(wanted, { ...complete, rules }).refusals;
  expect(refusalsOf([STAGING_RULE, other]).length > 0).toBe(isRefused);
  expect(refusalsOf([STAGING_RULE, { ...other, enabled: false }])).toEqual([]);
});

test.each<Partial<LifecycleRule>>([
  { conditions: { prefix: "stag" } },
  { deleteObjectsTransition: after(8) },
  { deleteObjectsTransition: null },
  { enabled: false },
])("a staging rule with %j is replaced, and needs --yes", (change) => {
  const plan = planDeploy(wanted, { ...complete, rules: [{ ...STAGING_RULE, ...change }] });
  expect(plan.create).toEqual([]);
  expect(plan.replacedRule).not.toBeNull();
  expect(irrevocable(plan)).toHaveLength(1);
});

test("missing parts are created, and missing secrets named by Worker", () => {
  const plan = planDeploy(wanted, {
    ...complete,
    databases: new Map(),
    rules: null,
    namespace: null,
    workers: new Map(),
  });
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
