import { ALERT_KINDS } from "@building-vitals/core/alerts/alert";
import { migratedDatabase } from "@building-vitals/core/test/database";
import { beforeAll, expect, test, vi } from "vitest";
import operations from "../../../docs/operations.md?raw";
import scale from "../../../docs/scale.md?raw";
import { call, runCron, simulateUpstream, SITE } from "./service.ts";

const PREFIX = "building_vitals_";

/** label names by metric, of what `/metrics` answers */
let given: Map<string, string>;
let text: string;

beforeAll(async () => {
  await migratedDatabase();
  vi.spyOn(console, "log").mockImplementation(() => undefined);
  vi.useFakeTimers({ now: Date.UTC(2026, 10, 22, 15, 7), toFake: ["Date"] });
  simulateUpstream();
  // so that a whole day is there to be looked at and judged
  const settings = { INITIAL_LOOKBACK_HOURS: "48" };
  await runCron("*/5 * * * *", settings);
  await runCron("7 * * * *", settings);
  text = await (await call("GET", "/metrics")).text();
  given = new Map();
  for (const [, name = "", labels = ""] of text.matchAll(/^(\w+)(?:\{(.*)\})? \S+$/gm)) {
    given.set(name, [...labels.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)].map(([, label]) => label).join(" "));
  }
});

/** The rows of the table: label names by metric. */
function described(): Map<string, string> {
  const [, table = ""] = /### Metrics\n([^#]*)/.exec(operations) ?? [];
  const names = (cell = "") => [...cell.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name);
  return new Map(
    table.split("\n").flatMap((line) => {
      const [, metrics, labels] = line.split("|");
      return names(metrics).map((name): [string, string] => [PREFIX + name, names(labels).join(" ")]);
    }),
  );
}

test("docs/operations.md has each metric with its labels, and none that is not there", () => {
  expect(given.size).toBeGreaterThan(10);
  expect(described()).toEqual(given);
});

test.each(Object.entries({ operations, scale }))("each metric that docs/%s.md names is there", (_, page) => {
  const named = [...page.matchAll(/building_vitals_\w+/g)].map(([name]) => name).filter((name) => name !== PREFIX);
  expect(named.length).toBeGreaterThan(0);
  for (const name of named) expect([...given.keys()]).toContain(name);
});

test("each metric says what it is, once; each kind of alert is one of alert_active's", () => {
  for (const name of given.keys()) {
    expect(text.match(new RegExp(`^# HELP ${name} .`, "gm"))).toHaveLength(1);
    expect(text.match(new RegExp(`^# TYPE ${name} gauge$`, "gm"))).toHaveLength(1);
  }
  const kinds = [...text.matchAll(/^building_vitals_alert_active\{kind="(\w+)",site="(\w*)"\} \d$/gm)];
  expect(new Set(kinds.map(([, kind]) => kind))).toEqual(new Set(ALERT_KINDS));
  expect(new Set(kinds.map(([, , site]) => site))).toEqual(new Set(["", SITE]));
});
