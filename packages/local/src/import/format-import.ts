import type { DayCounts, Position, SourceCounts } from "./position.ts";
import type { ReadRecord } from "./record.ts";
import { formatCount, formatLine } from "../output-line.ts";

function formatReasons(rejected: Readonly<Record<string, number>>): string {
  const parts = Object.entries(rejected).map(([reason, n]) => `${n.toLocaleString("en")} ${reason}`);
  return parts.length === 0 ? "" : `; dropped: ${parts.join(", ")}`;
}

export function formatSource(path: string, { records, samples, rejected }: SourceCounts): string {
  return formatLine(
    "read",
    `${path}: ${formatCount(records, "record")}, ${formatCount(samples, "sample")}${formatReasons(rejected)}`,
  );
}

export function formatDropped(path: string, { at, fault }: ReadRecord, reason: string): string {
  return formatLine("dropped", `${path}, line ${at}: ${reason}${fault === null ? "" : `, ${fault}`}`);
}

export function formatDayCounts({ site, day, stored, present, kept, rejected }: DayCounts): string {
  const fate = `${stored.toLocaleString("en")} stored, ${present.toLocaleString("en")} already stored`;
  return formatLine(
    "sent",
    `${site} ${day}: ${fate}, ${kept.toLocaleString("en")} already stored with another value${formatReasons(rejected)}`,
  );
}

function sum(parts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const part of parts) for (const [key, n] of Object.entries(part)) total[key] = (total[key] ?? 0) + n;
  return total;
}

/** The dropped records by reason: those that are no samples, and those that the Worker rejected. */
export function droppedByReason({ sources, days }: Position): Record<string, number> {
  return sum([...Object.values(sources), ...Object.values(days)].map(({ rejected }) => rejected));
}

/** The outcome of every record that was read. */
export function formatImportEnd(position: Position): string[] {
  const { sources, days } = position;
  const { records = 0 } = sum(Object.values(sources).map(({ records: n }) => ({ records: n })));
  const fates = Object.values(days).map(({ stored, present, kept, repeated, overruled }) => ({
    stored,
    "already stored": present,
    "already stored with another value": kept,
    "read twice": repeated,
    "replaced by a later file's value": overruled,
  }));
  const all = Object.entries({ ...sum(fates), ...droppedByReason(position) });
  const total = all.reduce((n, [, dropped]) => n + dropped, 0);
  return [
    formatLine("done", `${formatCount(records, "record")} of ${formatCount(Object.keys(sources).length, "file")}:`),
    ...all.filter(([, n]) => n > 0).map(([fate, n]) => formatLine("", `${n.toLocaleString("en")} ${fate}`)),
    ...(total === records ? [] : [formatLine("", `${(records - total).toLocaleString("en")} NOT IMPORTED`)]),
  ];
}
