import { appendFileSync, createReadStream, readdirSync, rmSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { dayOf, dayStart, dayText } from "@building-vitals/core/domain/day";
import { numberText } from "@building-vitals/core/store/segment-body";
import type { Position } from "./position.ts";
import type { ImportedSample } from "./record.ts";

/** Characters buffered before a write. */
const MAX_KEPT_CHARS = 32_000_000;

const SUFFIX = ".samples";

interface OpenSpill {
  readonly site: string;
  readonly day: string;
  readonly pointIndex: Map<string, number>;
  lines: string[];
  bytes: number;
}

/**
 * Sorts samples into one file per site and day, because they may exceed the memory; about 25 bytes per sample. Lines:
 * `#` begins a source; a JSON string names a point, and numbers it from 0 within the source; `number,ms of the
 * day,value` is a sample.
 */
export class SpillWriter {
  readonly #folder: string;
  readonly #open = new Map<string, OpenSpill>();
  #chars = 0;

  /** Truncates the spills to the position, so that samples of an incompletely read source go away. */
  constructor(folder: string, spills: Position["spills"]) {
    this.#folder = folder;
    for (const file of readdirSync(folder).filter((name) => name.endsWith(SUFFIX))) {
      const known = spills[file];
      if (known === undefined) rmSync(join(folder, file));
      else truncateSync(join(folder, file), known.bytes);
    }
    for (const [file, { site, day, bytes }] of Object.entries(spills)) {
      this.#open.set(file, { site, day, bytes, pointIndex: new Map(), lines: [] });
    }
  }

  add({ site, point, time, value }: ImportedSample): void {
    const day = dayOf(time);
    const spill = this.#spillOf(site, day);
    let index = spill.pointIndex.get(point);
    if (index === undefined) {
      if (spill.pointIndex.size === 0) this.#write(spill, "#");
      index = spill.pointIndex.size;
      spill.pointIndex.set(point, index);
      this.#write(spill, JSON.stringify(point));
    }
    this.#write(spill, `${index},${time - dayStart(day)},${numberText(value)}`);
    if (this.#chars >= MAX_KEPT_CHARS) this.#flush();
  }

  /** Ends a source. @returns the current sizes of the spills */
  endSource(): Position["spills"] {
    this.#flush();
    for (const { pointIndex } of this.#open.values()) pointIndex.clear();
    return Object.fromEntries([...this.#open].map(([file, { site, day, bytes }]) => [file, { site, day, bytes }]));
  }

  #spillOf(site: string, day: number): OpenSpill {
    const text = dayText(day);
    const file = `${encodeURIComponent(site)}.${text}${SUFFIX}`;
    let spill = this.#open.get(file);
    if (spill === undefined) {
      spill = { site, day: text, pointIndex: new Map(), lines: [], bytes: 0 };
      this.#open.set(file, spill);
    }
    return spill;
  }

  #write(spill: OpenSpill, line: string): void {
    spill.lines.push(line);
    this.#chars += line.length;
  }

  #flush(): void {
    for (const [file, spill] of this.#open) {
      if (spill.lines.length === 0) continue;
      const text = `${spill.lines.join("\n")}\n`;
      appendFileSync(join(this.#folder, file), text);
      spill.bytes += Buffer.byteLength(text);
      spill.lines = [];
    }
    this.#chars = 0;
  }
}

/** A point's samples of a day, in reading order. */
export interface SpilledPoint {
  /** ms of the day */
  readonly offsets: number[];
  readonly values: number[];
}

/** @throws Error if the file is damaged */
export async function readSpill(folder: string, file: string): Promise<Map<string, SpilledPoint>> {
  const points = new Map<string, SpilledPoint>();
  let numbered: SpilledPoint[] = [];
  const input = createReadStream(join(folder, file));
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line === "#") numbered = [];
    else if (line.startsWith('"')) {
      const name = String(JSON.parse(line));
      const point = points.get(name) ?? { offsets: [], values: [] };
      points.set(name, point);
      numbered.push(point);
    } else {
      const [index, offset, value] = line.split(",").map(Number);
      const point = numbered[index ?? -1];
      if (point === undefined || offset === undefined || value === undefined) throw new Error(`${file} is damaged.`);
      point.offsets.push(offset);
      point.values.push(value);
    }
  }
  return points;
}
