import { type Deployment, samplesPerDay } from "./deployment.ts";
import type { Measured } from "./measured.ts";
import { d1Bytes, monthParts, usageOf } from "./month.ts";
import { NAIVE_LAYOUTS } from "./naive.ts";
import { type YearOfBackfill, yearOfBackfill } from "./one-time.ts";
import { type Bill, billOf, PLAN } from "./prices.ts";

/** The largest D1 database, bytes. */
const MAX_DATABASE_BYTES = 10e9;

/** Days of an R2 outage to hold in reserve: no day is settled, so days stay in segments. */
const RESERVE_DAYS = 7;

/** The costs of a deployment. */
export interface CostReport {
  readonly deployment: Deployment;
  readonly measured: Pick<Measured, "command" | "date" | "versions" | "points">;
  readonly samplesPerDay: number;
  readonly bill: Bill;
  readonly layouts: readonly { readonly name: string; readonly bill: Bill; readonly siteBytes: number }[];
  /** bytes of one site in D1 */
  readonly databaseBytes: number;
  /** the same, after R2 was down for `RESERVE_DAYS` */
  readonly reserveBytes: number;
  readonly backfill: YearOfBackfill;
  readonly parts: ReturnType<typeof monthParts>;
}

export function costReport(deployment: Deployment, measured: Measured): CostReport {
  const { command, date, versions, points } = measured;
  return {
    deployment,
    measured: { command, date, versions, points },
    samplesPerDay: samplesPerDay(deployment) * deployment.sites,
    bill: billOf(usageOf(deployment, measured)),
    layouts: NAIVE_LAYOUTS.map(({ name, usage }) => {
      const used = usage(deployment, measured);
      return { name, bill: billOf(used), siteBytes: used.d1Storage / deployment.sites };
    }),
    databaseBytes: d1Bytes(deployment, measured),
    reserveBytes: d1Bytes({ ...deployment, segmentDays: deployment.segmentDays + RESERVE_DAYS }, measured),
    backfill: yearOfBackfill(deployment, measured),
    parts: monthParts(deployment, measured),
  };
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en");
}

/** A number of millions or GB. */
function units(value: number): string {
  return value.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

function dollars(value: number): string {
  return `$${units(value)}`;
}

/** A table whose first column is text and whose others are figures; the first row is its head. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  "),
  );
}

/** The bill, compared with those of other layouts. */
export function reportLines(report: CostReport): string[] {
  const { deployment, bill, layouts, backfill, databaseBytes, reserveBytes } = report;
  const { sites, points, interval, queries, segmentDays, years, syncMinutes, monthFiles } = deployment;
  const bills = [
    ["a month", "used", "included", "billed", "cost"],
    ...bill.lines.map(({ title, unit, used, included, billed, cost }) => [
      `${title}${unit === "million" ? ", million" : ", GB"}`,
      units(used),
      whole(included),
      units(billed),
      dollars(cost),
    ]),
    [`above the plan of $${PLAN}`, "", "", "", dollars(bill.total)],
  ];
  const costOf = (costs: Bill, line: string) => dollars(costs.lines.find((item) => item.line === line)?.cost ?? 0);
  const layoutRow = (name: string, costs: Bill, siteBytes: number) => [
    name,
    dollars(costs.total),
    costOf(costs, "rowsWritten"),
    dollars(
      costs.lines.reduce((sum, { line, cost }) => sum + (line === "d1Storage" || line === "r2Storage" ? cost : 0), 0),
    ),
    costOf(costs, "r2ClassB"),
    `${units(siteBytes / 1e9)} GB${siteBytes > MAX_DATABASE_BYTES ? " !" : ""}`,
  ];
  const others = [
    ["beside other layouts, a month", "total", "rows written", "storage", "R2 reads", "D1 a site"],
    layoutRow("this project", bill, databaseBytes),
    ...layouts.map(({ name, bill: costs, siteBytes }) => layoutRow(name, costs, siteBytes)),
  ];
  return [
    `${count(sites, "site")} of ${count(points, "point")}, a sample every ${interval} s: ${whole(report.samplesPerDay)} samples a day.`,
    `${whole(queries)} queries a month; ${count(segmentDays, "day")} in segments, ${years} year${years === 1 ? "" : "s"} stored; a sync every ${count(syncMinutes, "minute")}; ${monthFiles ? "" : "no "}month files.`,
    "",
    ...table(bills),
    "",
    ...table(others),
    ...databaseLines(databaseBytes, reserveBytes, [databaseBytes, ...layouts.map(({ siteBytes }) => siteBytes)]),
    "",
    ...backfillLines(backfill),
  ];
}

function count(value: number, noun: string): string {
  return `${whole(value)} ${noun}${value === 1 ? "" : "s"}`;
}

function databaseLines(ours: number, reserve: number, all: readonly number[]): string[] {
  const lines = all.some((bytes) => bytes > MAX_DATABASE_BYTES)
    ? ["! more than the 10 GB that a D1 database holds"]
    : [];
  const fitting = Math.floor(MAX_DATABASE_BYTES / ours);
  if (fitting === 0) return [...lines, "A site does not fit one D1 database: fewer --segment-days or --years."];
  return [
    ...lines,
    `A D1 database of 10 GB holds ${count(fitting, "such site")}; more of them need databases of their own (docs/scale.md).`,
    `While R2 is down a site takes ${units((reserve - ours) / RESERVE_DAYS / 1e9)} GB more a day: with a week in reserve ${whole(Math.floor(MAX_DATABASE_BYTES / reserve))} fit.`,
  ];
}

function backfillLines({ counts, hours, cost }: YearOfBackfill): string[] {
  const { apiCalls, workflowSteps, workflowInstances } = counts;
  return [
    `Once, a year of one site backfilled: ${whole(apiCalls)} requests to the API, ${whole(hours)} hours at 50 a minute or longer`,
    `where the API is slower; ${whole(workflowInstances)} Workflow instances, ${whole(workflowSteps)} steps; ${dollars(cost)} at list price, nothing being included.`,
  ];
}

/** The counts of each job and kind of query, in millions, and how they were measured. */
export function explainLines({ parts, measured }: CostReport): string[] {
  const millions = (value: number) => (value / 1e6).toLocaleString("en", { maximumFractionDigits: 3 });
  const head = [
    "a month, in millions",
    "runs",
    "rows written",
    "rows read",
    "class A",
    "class B",
    "KV writes",
    "CPU ms",
  ];
  const rows = parts.map(({ name, runs, counts }) => [
    name,
    whole(runs),
    ...[counts.rowsWritten, counts.rowsRead, counts.r2ClassA, counts.r2ClassB, counts.kvWrites, counts.cpuMs].map(
      millions,
    ),
  ]);
  const { node, miniflare, migration } = measured.versions;
  return [
    ...table([head, ...rows]),
    "",
    `Counted on ${measured.date} by \`${measured.command}\` of sites of ${measured.points.join(" and ")} points, Node ${node},`,
    `Miniflare ${miniflare}, schema ${migration}. CPU is that of all of workerd, its D1 and R2 too: more than is billed.`,
  ];
}
