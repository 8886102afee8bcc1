import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { readCostsOptions } from "./costs-options.ts";
import { readMeasured } from "./measured.ts";
import type { Deployment } from "./deployment.ts";
import { NAIVE_LAYOUTS } from "./naive.ts";
import { costReport, reportLines } from "./report.ts";

const { deployment: SITE } = readCostsOptions([]);
const page = await readFile(new URL("../../../../docs/costs.md", import.meta.url), "utf8");
const measured = await readMeasured();

const dollars = (value: number) => `$${value < 1 ? value.toFixed(2) : Math.round(value).toLocaleString("en")}`;

function reportOf(changed: Partial<Deployment>) {
  return costReport({ ...SITE, ...changed }, measured);
}

function lineCost(report: ReturnType<typeof reportOf>, name: string): number {
  return report.bill.lines.find(({ line }) => line === name)?.cost ?? Number.NaN;
}

it("docs/costs.md shows the output of the command without options", () => {
  expect(/```text\n(.*?)\n```/s.exec(page)?.[1]).toBe(reportLines(reportOf({})).join("\n"));
});

it.each([
  ["above the plan, a month", (sites: number) => reportOf({ sites }).bill.total],
  ["of it rows written", (sites: number) => lineCost(reportOf({ sites }), "rowsWritten")],
  ["of it D1 storage", (sites: number) => lineCost(reportOf({ sites }), "d1Storage")],
  ["without month files", (sites: number) => reportOf({ sites, monthFiles: false }).bill.total],
  ["synced every 15 minutes", (sites: number) => reportOf({ sites, syncMinutes: 15 }).bill.total],
  ["synced every hour", (sites: number) => reportOf({ sites, syncMinutes: 60 }).bill.total],
  [
    "rows of samples with integer keys",
    (sites: number) => {
      const at = NAIVE_LAYOUTS.findIndex(({ name }) => name === "row a sample, integer keys");
      return reportOf({ sites }).layouts[at]!.bill.total;
    },
  ],
])("docs/costs.md has the row of 1, 10, 100 and 1,000 sites: %s", (name, cost) => {
  const row = `| ${name} | ${[1, 10, 100, 1_000].map((sites) => dollars(cost(sites))).join(" | ")} |`;
  expect(page).toContain(row);
});

it("the README has the totals of one, ten and a hundred sites", async () => {
  const readme = await readFile(new URL("../../../../README.md", import.meta.url), "utf8");
  const [single, ten, hundred] = [1, 10, 100].map((sites) => dollars(reportOf({ sites }).bill.total));
  expect(readme).toContain(`${single} a month above the plan`);
  expect(readme).toContain(`ten sites cost ${ten} and a hundred ${hundred}`);
});
