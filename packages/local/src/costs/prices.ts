/** One line of the bill: what is included in Workers Paid, for the whole account and month, and what more of it costs. */
export interface Price {
  readonly title: string;
  /** what is counted, `million` things or GB-months (10^9 bytes) */
  readonly unit: "million" | "GB-month";
  /** in units */
  readonly included: number;
  /** USD a unit beyond */
  readonly price: number;
}

/** USD a month, independent of use. */
export const PLAN = 5;

/**
 * Cloudflare's list prices, read in November 2026 at developers.cloudflare.com: workers/platform/pricing (requests,
 * CPU, logs, KV), d1/platform/pricing, r2/pricing, workflows/reference/pricing.
 *
 * - A cron's run and a Workflow's instance count as requests, like one over HTTP. Calls of a Worker to a binding, to
 * another Worker by a service binding, or to the API do not count; nor do files of the dashboard.
 * - D1 counts a row written for the table and one for each secondary index that an insert or update touches; a deleted
 * row is a row written.
 * - R2's class A are put, list and the steps of a multipart upload; class B get and head; deletes are free.
 * - KV's deletes and lists are priced like its writes.
 * - A log event is an invocation, or a line that it wrote.
 */
export const PRICES = {
  rowsWritten: { title: "D1 rows written", unit: "million", included: 50, price: 1 },
  rowsRead: { title: "D1 rows read", unit: "million", included: 25_000, price: 0.001 },
  d1Storage: { title: "D1 storage", unit: "GB-month", included: 5, price: 0.75 },
  r2Storage: { title: "R2 storage", unit: "GB-month", included: 10, price: 0.015 },
  r2ClassA: { title: "R2 class A operations", unit: "million", included: 1, price: 4.5 },
  r2ClassB: { title: "R2 class B operations", unit: "million", included: 10, price: 0.36 },
  requests: { title: "Workers requests", unit: "million", included: 10, price: 0.3 },
  cpuMs: { title: "Workers CPU, ms", unit: "million", included: 30, price: 0.02 },
  logEvents: { title: "Workers Logs events", unit: "million", included: 20, price: 0.6 },
  kvReads: { title: "KV reads", unit: "million", included: 10, price: 0.5 },
  kvWrites: { title: "KV writes, deletes, lists", unit: "million", included: 1, price: 5 },
  kvStorage: { title: "KV storage", unit: "GB-month", included: 1, price: 0.5 },
  workflowStorage: { title: "Workflows storage", unit: "GB-month", included: 1, price: 0.2 },
} as const satisfies Record<string, Price>;
export type Line = keyof typeof PRICES;

/** What is used in a month, a number of things, or bytes held all month. */
export type Usage = Readonly<Record<Line, number>>;

export interface BilledLine {
  readonly line: Line;
  readonly title: string;
  readonly unit: Price["unit"];
  /** in units, as the two that follow */
  readonly used: number;
  readonly included: number;
  readonly billed: number;
  /** USD */
  readonly cost: number;
}

export interface Bill {
  readonly lines: readonly BilledLine[];
  /** USD a month above the plan */
  readonly total: number;
}

const UNIT_SIZE: Readonly<Record<Price["unit"], number>> = { million: 1e6, "GB-month": 1e9 };

/** The bill of an account that uses this and nothing else. */
export function billOf(usage: Usage): Bill {
  const lines = LINES.map((line): BilledLine => {
    const { title, unit, included, price } = PRICES[line];
    const used = usage[line] / UNIT_SIZE[unit];
    const billed = Math.max(0, used - included);
    return { line, title, unit, used, included, billed, cost: billed * price };
  });
  return { lines, total: lines.reduce((sum, { cost }) => sum + cost, 0) };
}

const LINES: readonly Line[] = [
  "rowsWritten",
  "rowsRead",
  "d1Storage",
  "r2Storage",
  "r2ClassA",
  "r2ClassB",
  "requests",
  "cpuMs",
  "logEvents",
  "kvReads",
  "kvWrites",
  "kvStorage",
  "workflowStorage",
];
