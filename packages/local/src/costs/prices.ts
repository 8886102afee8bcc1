/** A line of the bill. */
interface Price {
  readonly line: string;
  readonly title: string;
  /** millions, or GB-months (10^9 bytes) */
  readonly unit: "million" | "GB-month";
  /** units included in Workers Paid, for the whole account and month */
  readonly included: number;
  /** USD per further unit */
  readonly price: number;
}

/** USD a month, at any use. */
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
export const PRICES = [
  { line: "rowsWritten", title: "D1 rows written", unit: "million", included: 50, price: 1 },
  { line: "rowsRead", title: "D1 rows read", unit: "million", included: 25_000, price: 0.001 },
  { line: "d1Storage", title: "D1 storage", unit: "GB-month", included: 5, price: 0.75 },
  { line: "r2Storage", title: "R2 storage", unit: "GB-month", included: 10, price: 0.015 },
  { line: "r2ClassA", title: "R2 class A operations", unit: "million", included: 1, price: 4.5 },
  { line: "r2ClassB", title: "R2 class B operations", unit: "million", included: 10, price: 0.36 },
  { line: "requests", title: "Workers requests", unit: "million", included: 10, price: 0.3 },
  { line: "cpuMs", title: "Workers CPU, ms", unit: "million", included: 30, price: 0.02 },
  { line: "logEvents", title: "Workers Logs events", unit: "million", included: 20, price: 0.6 },
  { line: "kvReads", title: "KV reads", unit: "million", included: 10, price: 0.5 },
  { line: "kvWrites", title: "KV writes, deletes, lists", unit: "million", included: 1, price: 5 },
  { line: "kvStorage", title: "KV storage", unit: "GB-month", included: 1, price: 0.5 },
  { line: "workflowStorage", title: "Workflows storage", unit: "GB-month", included: 1, price: 0.2 },
] as const satisfies readonly Price[];
export type Line = (typeof PRICES)[number]["line"];

/** The use of a month: operations, or bytes stored all month. */
export type Usage = Readonly<Record<Line, number>>;

export interface BilledLine extends Price {
  readonly line: Line;
  /** in units, as `billed` */
  readonly used: number;
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

/** The bill of an account that uses nothing else. */
export function billOf(usage: Usage): Bill {
  const lines = PRICES.map((price): BilledLine => {
    const used = usage[price.line] / UNIT_SIZE[price.unit];
    const billed = Math.max(0, used - price.included);
    return { ...price, used, billed, cost: billed * price.price };
  });
  return { lines, total: lines.reduce((sum, { cost }) => sum + cost, 0) };
}

/** USD without anything included. */
export function listPrice(usage: Partial<Usage>): number {
  return PRICES.reduce((sum, { line, unit, price }) => sum + ((usage[line] ?? 0) / UNIT_SIZE[unit]) * price, 0);
}
