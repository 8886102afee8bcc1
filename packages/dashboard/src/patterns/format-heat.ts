import { formatValue } from "../chart/format.ts";
import { formatDate } from "./calendar.ts";
import type { HeatCell, HeatDay } from "./heat-grid.ts";

const MINUTE_MS = 60_000;

/** "Tue, Nov 3, 2026, 14:00–15:00"; a repeated hour is marked as first or second. */
export function formatCellTime({ day }: HeatDay, { hour, start, end, part, parts }: HeatCell): string {
  const date = formatDate(day, { weekday: "short", month: "short", day: "numeric", year: "numeric" });
  const minutes = (end - start) / MINUTE_MS;
  const clock = (value: number) => `${String(value).padStart(2, "0")}:00`;
  const which = parts === 1 ? "" : part === 0 ? " (first time)" : " (again)";
  const isShort = minutes === 60 ? "" : ` (${minutes} minutes of it)`;
  return `${date}, ${clock(hour)}–${clock(hour + 1)}${which}${isShort}`;
}

/** "71.87 °F" with the API's precision, and the samples behind the mean. */
export function formatCellValue({ value, min, max, count, isAhead }: HeatCell, unit: string | null): [string, string] {
  if (value === null) return isAhead ? ["not fetched yet", ""] : ["no samples", ""];
  const suffix = unit === null ? "" : ` ${unit}`;
  const spread = min === null || max === null ? "" : `${formatValue(min)} to ${formatValue(max)}${suffix}, `;
  return [
    `${formatValue(value)}${suffix}`,
    `${spread}${count.toLocaleString("en")} ${count === 1 ? "sample" : "samples"}`,
  ];
}
