import { expect, test } from "vitest";
import { type Metric, renderPrometheus } from "./prometheus.ts";

const LAG: Metric = { name: "sync_lag_seconds", type: "gauge", help: "How far the watermark is behind." };
const CALLS: Metric = { name: "api_calls_total", type: "counter", help: "Calls." };

test("each metric has its help and type once, before its measurements", () => {
  const text = renderPrometheus([
    { metric: LAG, labels: { site: "a" }, value: 1.5 },
    { metric: CALLS, labels: {}, value: 0 },
    { metric: LAG, labels: { site: "b", tier: "hot" }, value: 1e21 },
  ]);
  expect(text).toBe(
    [
      "# HELP sync_lag_seconds How far the watermark is behind.",
      "# TYPE sync_lag_seconds gauge",
      'sync_lag_seconds{site="a"} 1.5',
      'sync_lag_seconds{site="b",tier="hot"} 1e+21',
      "# HELP api_calls_total Calls.",
      "# TYPE api_calls_total counter",
      "api_calls_total 0",
      "",
    ].join("\n"),
  );
});

test.each([
  ['say "hi"', 'say \\"hi\\"'],
  ["a\\b", "a\\\\b"],
  ["a\nb", "a\\nb"],
  ['\\"\n', '\\\\\\"\\n'],
  ["\\n", "\\\\n"],
  ["Größe {}, =", "Größe {}, ="],
])("the label %j is escaped", (label, escaped) => {
  const lines = renderPrometheus([{ metric: LAG, labels: { site: label }, value: 1 }]).split("\n");
  expect(lines[2]).toBe(`sync_lag_seconds{site="${escaped}"} 1`);
  expect(lines.length).toBe(4);
});

test("unknown values are left out", () => {
  const text = renderPrometheus([
    { metric: LAG, labels: { site: "a" }, value: null },
    { metric: LAG, labels: { site: "b" }, value: 3 },
  ]);
  expect(text).not.toContain('"a"');
  expect(text).toContain('sync_lag_seconds{site="b"} 3\n');
});
