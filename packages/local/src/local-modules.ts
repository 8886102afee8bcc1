import type { DoorOptions } from "./in-worker/local-door.ts";
import { shiftClock } from "./in-worker/shift-clock.ts";

/**
 * The modules of a Worker in a local run, the main one first: the Worker, the local door, and a shifted clock. A
 * deployment has the Worker alone.
 * @param worker its bundle
 * @param door the bundle of `in-worker/local-door.ts`
 * @param clockOffsetMs added to the Worker's current time
 */
export function localModules(worker: string, door: string, options: DoorOptions, clockOffsetMs: number) {
  // The clock comes first, because a module of the Worker may keep a reference to Date.now.
  const main = `import "./clock.js";
import worker from "./worker.js";
import { localDoor } from "./door.js";
export * from "./worker.js";
export default localDoor(worker, ${JSON.stringify(options)});`;
  const clock = clockOffsetMs === 0 ? "" : `(${shiftClock.toString()})(${clockOffsetMs});`;
  const contents = { "main.js": main, "clock.js": clock, "worker.js": worker, "door.js": door };
  return Object.entries(contents).map(([path, text]) => ({ type: "ESModule" as const, path, contents: text }));
}
