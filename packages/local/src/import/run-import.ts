import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type ImportClient, ImportRefused } from "./import-client.ts";
import { formatLine } from "../output-line.ts";
import { formatDayCounts, formatDropped, formatSource } from "./format-import.ts";
import type { DayCounts, PositionFile, SourceCounts } from "./position.ts";
import { sampleOf } from "./record.ts";
import { sendDay } from "./send-day.ts";
import { readSource, type Source } from "./sources.ts";
import { readSpill, SpillWriter } from "./spills.ts";

export interface ImportContext {
  /** folder of the position and the spills */
  readonly folder: string;
  readonly positionFile: PositionFile;
  readonly say: (line: string) => void;
  /** epoch ms */
  readonly now: () => number;
}

/** Records between two progress lines of a large file. */
const TELL_EVERY = 5_000_000;

/** Dropped records of a file that are listed; all are counted. */
const NAMED_DROPS = 10;

/** Imported days that may wait in D1 to be settled: a large site's day takes 170 MB there. */
const MAX_DAYS_DUE = 5;

/** Limit and interval of the wait for a day to be settled; the import then continues anyway. */
const WAITS_FOR_ROOM = 120;
const WAIT_FOR_ROOM_MS = 5_000;

/** Reads each new file, and sorts its samples by site and day. @throws Error that names the file */
export async function readSources(context: ImportContext, sources: readonly Source[]): Promise<void> {
  const { folder, positionFile, say, now } = context;
  const { position } = positionFile;
  const spills = new SpillWriter(folder, position.spills);
  for (const source of sources) {
    const known = position.sources[source.path];
    if (known !== undefined) continue;
    const counts: SourceCounts = { records: 0, samples: 0, rejected: {} };
    try {
      for await (const record of readSource(source)) {
        counts.records++;
        const sample = record.fault === null ? sampleOf(record.columns, now()) : "malformed";
        if (typeof sample === "string") {
          counts.rejected[sample] = (counts.rejected[sample] ?? 0) + 1;
          const dropped = counts.records - counts.samples;
          if (dropped <= NAMED_DROPS) say(formatDropped(source.path, record, sample));
        } else {
          spills.add(sample);
          counts.samples++;
        }
        if (counts.records % TELL_EVERY === 0)
          say(formatLine("reading", `${source.path}: ${counts.records / 1e6} M records`));
      }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`${source.path} cannot be read to its end: ${reason}`, { cause: error });
    }
    position.sources[source.path] = counts;
    position.spills = spills.endSource();
    positionFile.save();
    say(formatSource(source.path, counts));
  }
}

/** Refusals that concern one site or day. Any other would repeat for the next day. */
const REFUSES_DAY: ReadonlySet<string> = new Set(["unknown_site", "suspect_day"]);

/**
 * Sends every unfinished day, oldest first, and schedules each ended one to be settled.
 * @returns whether all samples are stored
 * @throws {ImportRefused} for a refusal that concerns all days; the position has what was sent
 */
export async function sendDays(context: ImportContext, client: ImportClient): Promise<boolean> {
  const { positionFile, say } = context;
  const { spills, days } = positionFile.position;
  const files = Object.entries(spills).sort(([, a], [, b]) => (a.day === b.day ? 0 : a.day < b.day ? -1 : 1));
  let isWhole = true;
  for (const [file, { site, day }] of files) {
    if (days[file]?.state === "done") continue;
    try {
      await sendOne(context, client, file, { site, day });
    } catch (error) {
      if (!(error instanceof ImportRefused) || !REFUSES_DAY.has(error.code)) throw error;
      say(formatLine("REFUSED", `${site} ${day}: ${error.message}`));
      isWhole = false;
    }
  }
  return isWhole;
}

/** Waits until few days of a site wait to be settled. The wait is limited, because the stored samples are safe. */
async function waitForRoom(client: ImportClient, site: string): Promise<void> {
  for (let waits = 0; waits < WAITS_FOR_ROOM; waits++) {
    if (((await client.daysDue(site)) ?? 0) <= MAX_DAYS_DUE) return;
    await sleep(WAIT_FOR_ROOM_MS);
  }
}

async function sendOne(
  { folder, positionFile, say, now }: ImportContext,
  client: ImportClient,
  file: string,
  siteDay: Pick<DayCounts, "site" | "day">,
): Promise<void> {
  const { days } = positionFile.position;
  let counts = days[file];
  const wasBegun = counts !== undefined;
  if (counts?.state !== "sent") {
    const points = await readSpill(folder, file);
    const samples = [...points.values()].reduce((n, { offsets }) => n + offsets.length, 0);
    const none = { repeated: 0, overruled: 0, stored: 0, present: 0, kept: 0 };
    counts = { ...siteDay, state: "sending", samples, ...none, rejected: {} };
    days[file] = { ...counts };
    positionFile.save();
    await sendDay(client, points, counts);
    counts.state = "sent";
    days[file] = counts;
    positionFile.save();
    say(formatDayCounts(counts));
  }
  const hasEnded = Date.parse(`${siteDay.day}T24:00:00Z`) <= now();
  // A day without new samples needs no settling. If an earlier run began the day, that run may have stored some.
  if (hasEnded && (wasBegun || counts.stored > 0)) {
    await client.settle(siteDay.site, siteDay.day);
    await waitForRoom(client, siteDay.site);
  }
  counts.state = "done";
  positionFile.save();
  rmSync(join(folder, file), { force: true });
}
