import type { Quantity } from "../domain/quantity.ts";
import type { Edges } from "./use.ts";

/** Aggregates of the samples of a bucket. `auto` follows the quantity of the point. */
export const AGGS = [
  "avg",
  "min",
  "max",
  "sum",
  "count",
  "first",
  "last",
  "delta",
  "rate",
  "integral",
  "peak",
  "twa",
  "duration_on",
  "p05",
  "p50",
  "p95",
] as const;
export type Agg = (typeof AGGS)[number];

/** Aggregates of values that hold until the next sample. */
export const HELD: ReadonlySet<Agg> = new Set(["twa", "integral", "duration_on"] as const);

/** Aggregates that need readings outside the bucket: the use of a register, and values that hold. */
export const REACHING: ReadonlySet<Agg> = new Set(["delta", "rate", ...HELD]);

/** Aggregates that hourly aggregates suffice for; those of the use only for counters, whose hours keep their edges. */
const OF_HOURS: ReadonlySet<Agg> = new Set(["avg", "min", "max", "sum", "count"] as const);
const OF_COUNTER_HOURS: ReadonlySet<Agg> = new Set(["delta", "rate"] as const);

/** How a point is aggregated. */
export interface Aggregation {
  readonly aggs: readonly Agg[];
  readonly quantity: Quantity;
  readonly edges: Edges;
  /** values that are on; null: all but 0 */
  readonly on: readonly number[] | null;
  /** length of the windows of `peak`, ms */
  readonly peakWindowMs: number;
}

/** The aggregates that `auto` stands for. */
const AUTO: Readonly<Record<Quantity, readonly Agg[]>> = {
  counter: ["delta"],
  net_counter: ["delta"],
  consumption: ["sum"],
  gauge: ["avg"],
  state: ["last", "duration_on"],
  angle: ["avg"],
};

/** Quantities without a meaning of the aggregate. */
const REFUSED: Partial<Readonly<Record<Agg, readonly Quantity[]>>> = {
  sum: ["gauge", "state", "angle"],
  delta: ["state", "angle", "consumption"],
  rate: ["state", "angle", "consumption"],
  integral: ["state", "angle", "counter", "net_counter", "consumption"],
  // No rule for circles.
  twa: ["angle"],
  peak: ["angle"],
  p05: ["angle"],
  p50: ["angle"],
  p95: ["angle"],
};

/** The aggregates of a point of this quantity, each once, in the order asked for. */
export function aggsOf(asked: readonly (Agg | "auto")[], quantity: Quantity): Agg[] {
  return [...new Set(asked.flatMap((agg) => (agg === "auto" ? AUTO[quantity] : [agg])))];
}

/** Whether an aggregate means something for a quantity. */
export function isMeaningful(agg: Agg, quantity: Quantity): boolean {
  return REFUSED[agg]?.includes(quantity) !== true;
}

/** Whether hourly aggregates suffice. A net meter falls more than once an hour, so that its hours have no edges. */
export function isOfHours(aggs: readonly Agg[], quantity: Quantity): boolean {
  return aggs.every((agg) => OF_HOURS.has(agg) || (quantity === "counter" && OF_COUNTER_HOURS.has(agg)));
}

const PER_HOUR: Readonly<Record<string, string>> = { Wh: "W", kWh: "kW", MWh: "MW", GWh: "GW", ton·h: "ton" };
const TIMES_HOUR: Readonly<Record<string, string>> = { W: "Wh", kW: "kWh", MW: "MWh", ton: "ton·h" };

/** The unit of an aggregate of values of a unit; null: none, or unknown. */
export function unitOf(agg: Agg, unit: string | null): string | null {
  if (agg === "count") return null;
  if (agg === "duration_on") return "s";
  if (unit === null) return null;
  if (agg === "rate") return unit === "h" ? null : (PER_HOUR[unit] ?? `${unit}/h`);
  if (agg === "integral") return TIMES_HOUR[unit] ?? (unit.endsWith("/h") ? unit.slice(0, -2) : `${unit}·h`);
  if (agg === "delta" && /^°[CF]$/.test(unit)) return `Δ${unit}`;
  return unit;
}

/** How an aggregate is converted to another unit: as a value, as a difference of two, or not at all. */
export function conversionOf(agg: Agg): "value" | "difference" | undefined {
  if (agg === "count" || agg === "duration_on") return undefined;
  return agg === "delta" || agg === "rate" || agg === "integral" || agg === "sum" ? "difference" : "value";
}
