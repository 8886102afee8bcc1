import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as turnOfEventLoop } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { dayFile } from "./day-file.ts";
import { page } from "./page.ts";
import { Random } from "./random.ts";
import { stored } from "./stored.ts";
import type { FuzzTarget } from "./target.ts";

export const TARGETS = { page, stored, "day-file": dayFile } satisfies Record<string, FuzzTarget>;
export type TargetName = keyof typeof TARGETS;
export const TARGET_NAMES = ["page", "stored", "day-file"] as const satisfies readonly TargetName[];

/**
 * Longest time for one input, milliseconds. Inputs have a few kilobytes, so a time near this limit means a loop or a
 * bomb.
 */
const MAX_MS = 500;
/**
 * Most memory that the process may take while it runs, bytes. Checked only after every few inputs, because the check is
 * slow.
 */
const MAX_RSS_BYTES = 768 * 1024 ** 2;
const RUNS_A_LOOK = 100;
/** Without this limit, V8 lets 700 MB of garbage gather in a minute, which would hide a leak and look like one. */
const RUNS_A_COLLECTION = 20_000;
/** Most growth of the heap from the first collection to a later one, bytes. No input is kept. */
const MAX_GAIN_BYTES = 32 * 1024 ** 2;

export interface FuzzReport {
  readonly runs: number;
  readonly accepted: number;
  readonly refused: number;
  readonly seconds: number;
  /** of one input, milliseconds */
  readonly slowest: number;
}

/** An input that was neither refused with a typed error nor read correctly. */
export class FuzzFailure extends Error {
  override readonly name = "FuzzFailure";
  readonly input: Uint8Array;

  constructor(message: string, input: Uint8Array, cause?: unknown) {
    super(message, { cause });
    this.input = input;
  }
}

/** Collects all garbage. @returns bytes of the heap then in use */
function liveHeap(): () => number {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect !== "function") throw new Error("V8 has no gc()");
  return () => {
    Reflect.apply(collect, undefined, []);
    return process.memoryUsage().heapUsed;
  };
}

/** @returns the duration, milliseconds @throws {FuzzFailure} */
export async function checkInput(target: FuzzTarget, input: Uint8Array) {
  const timed = async () => {
    const started = performance.now();
    const outcome = await target.check(input);
    return { outcome, ms: performance.now() - started };
  };
  try {
    let result = await timed();
    // A busy machine is slow once; a loop or a bomb is slow each time.
    for (let again = 0; again < 2 && result.ms > MAX_MS; again++) result = await timed();
    if (result.ms > MAX_MS) throw new Error(`took ${Math.round(result.ms)} ms`);
    return result;
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    throw new FuzzFailure(`${name}: ${message}`, input, error);
  }
}

/** Tries inputs for some seconds. The seed and an input's number alone decide the input. @throws {FuzzFailure} */
export async function fuzz(name: TargetName, options: { seconds: number; seed: number }): Promise<FuzzReport> {
  const target = TARGETS[name];
  const counts = { accepted: 0, refused: 0 };
  const started = performance.now();
  const elapsed = () => (performance.now() - started) / 1000;
  const measure = liveHeap();
  let [runs, slowest, firstLive] = [0, 0, Infinity];
  for (; elapsed() < options.seconds; runs++) {
    const input = target.generate(new Random(Math.imul(options.seed, 0x9e3779b1) + Math.imul(runs, 0x85ebca6b)));
    const { outcome, ms } = await checkInput(target, input);
    counts[outcome]++;
    slowest = Math.max(slowest, ms);
    if (runs % RUNS_A_LOOK === 0) {
      // Only a turn of the event loop frees memory outside of the heap, such as zlib's contexts.
      await turnOfEventLoop();
      if (process.memoryUsage.rss() > MAX_RSS_BYTES) {
        throw new FuzzFailure("the process takes too much memory", input);
      }
    }
    if (runs % RUNS_A_COLLECTION === RUNS_A_COLLECTION - 1) {
      const live = measure();
      firstLive = Math.min(firstLive, live);
      if (live - firstLive > MAX_GAIN_BYTES) throw new FuzzFailure("inputs are kept in memory", input);
    }
  }
  return { runs, ...counts, seconds: elapsed(), slowest };
}

/** Writes a failed input to a file for replays. @returns its path */
export async function keepInput(folder: string, name: TargetName, input: Uint8Array): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${name}-${createHash("sha256").update(input).digest("hex").slice(0, 12)}.bin`);
  await writeFile(path, input);
  return path;
}
