import { describe, expect, it } from "vitest";
import type { z } from "zod";
import { RebuildTally } from "./rebuild-tally.ts";
import { type RebuildRun, rebuildUntilDone } from "./run-rebuild.ts";
import { WorkerRefused, WorkerUnreachable } from "./worker-client.ts";

const day = (outcome: string, date: string | null, samples: number | null = null): RebuildRun["days"][number] => ({
  key: `timeseries/${date}`,
  site: "s",
  day: date,
  outcome,
  samples,
  reason: outcome === "suspect" ? "is \u001b[31mnot what was written" : null,
});
const away = new WorkerUnreachable("http://here", null);
const ill = new WorkerRefused(503, "The database did not answer.");

type Answer = Error | (Pick<RebuildRun, "days"> & Partial<RebuildRun> & { next_cursor: string | null });

/** Rebuilds with a Worker that gives these answers, one per run; the last one repeats. */
async function rebuild(...answers: Answer[]) {
  const asked: unknown[] = [];
  const reported: string[] = [];
  let waitedMs = 0;
  const client = {
    ask: async <S extends z.ZodType>(schema: S, method: string, path: string, body?: unknown): Promise<z.output<S>> => {
      const answer = answers[Math.min(asked.length, answers.length - 1)]!;
      asked.push([method, path, body]);
      if (answer instanceof Error) throw answer;
      return schema.parse({ months: [], ...answer });
    },
  };
  const tally = new RebuildTally(false);
  const watcher = {
    found: (run: RebuildRun) => void reported.push(...tally.add(run)),
    trouble: (text: string) => void reported.push(text),
  };
  const wait = async (ms: number) => {
    waitedMs += ms;
  };
  const error: unknown = await rebuildUntilDone(client, { dry_run: false }, watcher, wait).catch(
    (reason: unknown) => reason,
  );
  return { asked, reported, tally, waitedMs, error };
}

describe("rebuildUntilDone", () => {
  it("continues from each cursor, and reports faulty days without control characters", async () => {
    const { asked, reported, tally } = await rebuild(
      { days: [day("rebuilt", "2025-10-12", 5), day("suspect", "2025-10-13")], next_cursor: "a" },
      { days: [day("unchanged", "2025-10-14"), day("misnamed", null)], next_cursor: null },
    );
    expect(asked).toEqual([
      ["POST", "/rebuild", { dry_run: false }],
      ["POST", "/rebuild", { dry_run: false, cursor: "a" }],
    ]);
    expect(reported).toEqual([
      "suspect  timeseries/2025-10-13: is not what was written",
      "misnamed  timeseries/null: ",
    ]);
    expect(tally.progress()).toBe("4 days checked  1 rebuilt  1 SUSPECT  1 in order  1 MISNAMED  at 2025-10-14");
    expect(tally.isWhole).toBe(false);
    expect(tally.end()).toEqual([
      "done     4 days: 1 rebuilt, 1 SUSPECT, 1 in order, 1 MISNAMED",
      "         5 samples in rebuilt days",
      "         docs/operations.md says what to do for each outcome in capitals",
    ]);
  });

  it("reports the number of month files to build", async () => {
    const months = ["unchanged", "to_build", "to_build"].map((outcome) => ({ outcome }));
    const { reported, tally } = await rebuild({
      days: [day("unchanged", "2025-10-14")],
      months,
      next_cursor: null,
    });
    expect([reported, tally.isWhole]).toEqual([[], true]);
    expect(tally.end()).toEqual([
      "done     1 day: 1 in order",
      "         2 month files will be rebuilt from the days within hours",
    ]);
  });

  it("without any day it reports 0 days", async () => {
    const { tally } = await rebuild({ days: [], next_cursor: null });
    expect([tally.end(), tally.isWhole]).toEqual([["done     0 days"], true]);
  });

  it("repeats a run from its cursor if a Worker that answered before fails", async () => {
    const { asked, reported, error } = await rebuild({ days: [], next_cursor: "a" }, away, ill, {
      days: [day("unchanged", "2025-10-12")],
      next_cursor: null,
    });
    expect(error).toBeUndefined();
    expect(asked.slice(1)).toEqual(
      Array.from({ length: 3 }, () => ["POST", "/rebuild", { dry_run: false, cursor: "a" }]),
    );
    expect(reported).toEqual([`${away.message} Trying again.`, `${ill.message} Trying again.`]);
  });

  it.each<[string, number, Answer[]]>([
    ["never answered", 0, [away]],
    ["says no", 0, [{ days: [], next_cursor: "a" }, new WorkerRefused(401, "no")]],
    ["does not answer for a minute", 60_000, [{ days: [], next_cursor: "a" }, away]],
  ])("gives up on a Worker that %s", async (_, waited, answers) => {
    const { error, waitedMs } = await rebuild(...answers);
    expect(error).toBe(answers.at(-1));
    expect(waitedMs).toBe(waited);
  });
});
