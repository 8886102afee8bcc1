import type { DayCounts, Position, SourceCounts } from "./position.ts";
import type { ReadRecord } from "./record.ts";

const LABEL_WIDTH = 9;

/** A line of the story: what it is about, and what of it. */
export function told(label: string, text: string): string {
  return label.padEnd(LABEL_WIDTH) + text;
}

function count(n: number, noun: string): string {
  return `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;
}

function reasons(rejected: Readonly<Record<string, number>>): string {
  const parts = Object.entries(rejected).map(([reason, n]) => `${n.toLocaleString("en")} ${reason}`);
  return parts.length === 0 ? "" : `; dropped: ${parts.join(", ")}`;
}

export function sourceLine(path: string, { records, samples, rejected }: SourceCounts): string {
  return told("read", `${path}: ${count(records, "record")}, ${count(samples, "sample")}${reasons(rejected)}`);
}

export function droppedLine(path: string, { at, fault }: ReadRecord, reason: string): string {
  return told("dropped", `${path}, line ${at}: ${reason}${fault === null ? "" : `, ${fault}`}`);
}

export function dayLine({ site, day, stored, present, kept, rejected }: DayCounts): string {
  const fate = `${stored.toLocaleString("en")} stored, ${present.toLocaleString("en")} there already`;
  return told("sent", `${site} ${day}: ${fate}, ${kept.toLocaleString("en")} kept as they were${reasons(rejected)}`);
}

function sum(parts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const part of parts) for (const [key, n] of Object.entries(part)) total[key] = (total[key] ?? 0) + n;
  return total;
}

/** How many records were dropped, by reason: what was read as no sample, and what the Worker rejected. */
export function droppedOf({ sources, days }: Position): Record<string, number> {
  return sum([...Object.values(sources), ...Object.values(days)].map(({ rejected }) => rejected));
}

/** What became of every record that was read. */
export function endLines(position: Position): string[] {
  const { sources, days } = position;
  const { records = 0 } = sum(Object.values(sources).map(({ records: n }) => ({ records: n })));
  const fates = Object.values(days).map(({ stored, present, kept, repeated, overruled }) => ({
    stored,
    "there already": present,
    "where another value is, which stays": kept,
    "read twice": repeated,
    "overruled by a later file": overruled,
  }));
  const all = Object.entries({ ...sum(fates), ...droppedOf(position) });
  const total = all.reduce((n, [, dropped]) => n + dropped, 0);
  return [
    told("done", `${count(records, "record")} of ${count(Object.keys(sources).length, "file")}:`),
    ...all.filter(([, n]) => n > 0).map(([fate, n]) => told("", `${n.toLocaleString("en")} ${fate}`)),
    ...(total === records ? [] : [told("", `${(records - total).toLocaleString("en")} NOT IMPORTED`)]),
  ];
}
