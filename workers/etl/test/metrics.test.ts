import { env } from "cloudflare:workers";
import { ALERT_KINDS } from "@building-vitals/core/alerts/alert";
import { migratedDatabase } from "@building-vitals/core/test/database";
import type { SyncResult } from "@building-vitals/core/sync/sync-result";
import { parsePrometheus } from "@building-vitals/core/test/parse-prometheus";
import { beforeAll, expect, test, vi } from "vitest";
import operations from "../../../docs/operations.md?raw";
import scale from "../../../docs/scale.md?raw";
import { ADMIN_TOKEN, call, runCron, simulateUpstream, SITE } from "./service.ts";

const PREFIX = "building_vitals_";

/** label names by metric, from the answer of `/metrics` */
let given: Map<string, string>;
let text: string;

beforeAll(async () => {
  await migratedDatabase();
  vi.spyOn(console, "log").mockImplementation(() => undefined);
  vi.useFakeTimers({ now: Date.UTC(2026, 10, 22, 15, 7), toFake: ["Date"] });
  simulateUpstream();
  // so that a whole day can be scanned and judged
  const settings = { INITIAL_LOOKBACK_HOURS: "48" };
  await runCron("*/5 * * * *", settings);
  await runCron("6 * * * *", settings);
  // a failed run, because a counter appears with its first count
  vi.stubGlobal("fetch", async () => new Response(null, { status: 401 }));
  await runCron("*/5 * * * *", settings);
  simulateUpstream();
  // a settled day, as the backfill Worker leaves it
  await env.DB.prepare("INSERT INTO settle_days (site_id, day, step, settled_at) SELECT id, 1, 3, 5 FROM sites").run();
  text = await (await call("GET", "/metrics")).text();
  given = new Map();
  for (const [, name = "", labels = ""] of text.matchAll(/^(\w+)(?:\{(.*)\})? \S+$/gm)) {
    given.set(name, [...labels.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)].map(([, label]) => label).join(" "));
  }
});

/** The rows of the table in docs/operations.md: label names by metric. */
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

test("docs/operations.md lists exactly the metrics and their labels", () => {
  expect(given.size).toBeGreaterThan(10);
  expect(described()).toEqual(given);
});

test.each(Object.entries({ operations, scale }))("each metric that docs/%s.md names exists", (_, page) => {
  const named = [...page.matchAll(/building_vitals_\w+/g)].map(([name]) => name).filter((name) => name !== PREFIX);
  expect(named.length).toBeGreaterThan(0);
  for (const name of named) expect([...given.keys()]).toContain(name);
});

test("each metric has one HELP and TYPE; alert_active has every alert kind", () => {
  for (const name of given.keys()) {
    expect(text.match(new RegExp(`^# HELP ${name} .`, "gm"))).toHaveLength(1);
    const type = name.endsWith("_total") ? "counter" : "gauge";
    expect(text.match(new RegExp(`^# TYPE ${name} ${type}$`, "gm"))).toHaveLength(1);
  }
  const kinds = [...text.matchAll(/^building_vitals_alert_active\{kind="(\w+)",site="(\w*)"\} \d$/gm)];
  expect(new Set(kinds.map(([, kind]) => kind))).toEqual(new Set(ALERT_KINDS));
  expect(new Set(kinds.map(([, , site]) => site))).toEqual(new Set(["", SITE]));
});

test("counters equal the counts of the runs, and only grow", async () => {
  const read = async () => parsePrometheus(await (await call("GET", "/metrics")).text());
  const valueOf = (samples: Awaited<ReturnType<typeof read>>, name: string, labels: Record<string, string>) =>
    samples.find((one) => {
      const own = Object.entries(labels).every(([label, value]) => one.labels[label] === value);
      return one.name === PREFIX + name && own;
    })?.value ?? 0;
  const before = await read();
  const trigger = await call("POST", "/trigger", { token: ADMIN_TOKEN });
  const { sites } = await trigger.json<SyncResult>();
  const after = await read();
  const grown = (name: string, labels: Record<string, string> = {}) => {
    const of = { site: SITE, job: "sync", ...labels };
    return valueOf(after, name, of) - valueOf(before, name, of);
  };
  const site = sites[0]!;
  expect({
    runs: grown("job_runs_total"),
    requests: grown("upstream_requests_total", { status: "2xx" }),
    inserted: grown("samples_total", { outcome: "inserted" }),
    unchanged: grown("samples_total", { outcome: "unchanged" }),
    unconfigured: grown("records_rejected_total", { reason: "unconfigured" }),
  }).toEqual({
    runs: 1,
    requests: site.apiCalls,
    inserted: site.recordsInserted,
    unchanged: site.recordsUnchanged,
    unconfigured: site.recordsRejected.unconfigured ?? 0,
  });
  expect(grown("upstream_pages_total")).toBeGreaterThan(0);
  expect(grown("job_d1_statements_total")).toBeGreaterThan(2);
  for (const { name, labels, value } of before.filter((one) => one.name.endsWith("_total"))) {
    expect(valueOf(after, name.slice(PREFIX.length), labels)).toBeGreaterThanOrEqual(value);
  }
});

test("the isolate counts requests by status class, and refusals", async () => {
  const read = async () => parsePrometheus(await (await call("GET", "/metrics")).text());
  const countOf = (samples: Awaited<ReturnType<typeof read>>, name: string, status: string) =>
    samples.find((one) => one.name === `${PREFIX}${name}` && one.labels["status"] === status)?.value;
  const before = await read();
  await call("POST", "/trigger");
  await call("GET", "/nothing");
  const after = await read();
  expect(countOf(after, "http_requests_total", "4xx")).toBe(countOf(before, "http_requests_total", "4xx")! + 2);
  expect(countOf(after, "http_refused_total", "401")).toBe(countOf(before, "http_refused_total", "401")! + 1);
  expect(new Set(after.flatMap(({ labels }) => labels["isolate"] ?? [])).size).toBe(1);
});
