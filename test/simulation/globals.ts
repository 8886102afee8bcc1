import { createHash } from "node:crypto";
import type { World } from "./world.ts";

/** A world's answer to a fetch. */
type Fetch = (url: URL, init: RequestInit) => Promise<Response>;

/** Errors that no fault of the world may cause. They are programming errors. */
const MISTAKES =
  /"error":"(?:TypeError|RangeError|ReferenceError|SyntaxError|ZodError|StoredRowError|StoredHoursError)"/;

/**
 * The current `Math.random`. The code keeps a reference to the function, which therefore reads this variable at each
 * call.
 */
let chance: (() => number) | null = null;

/** Call this before any simulated code is loaded. */
export function takeOverChance(): void {
  const { random } = Math;
  Math.random = () => (chance ?? random)();
}

/**
 * Replaces every part of the platform that the code uses directly: clock, timers, random numbers, fetch, the hash
 * computed in another thread, and the log.
 * @returns restores the platform
 */
export function installWorld(world: World, fetch: Fetch): () => void {
  const { setTimeout, clearTimeout, fetch: realFetch } = globalThis;
  const { now } = Date;
  const { log, error } = console;
  const randomUUID: unknown = Reflect.get(crypto, "randomUUID");
  const digest: unknown = Reflect.get(crypto.subtle, "digest");
  const cancels = new Map<number, () => void>();
  let timers = 0;

  Date.now = () => world.clock;
  chance = () => world.random.next() / 2 ** 32;
  Reflect.set(globalThis, "setTimeout", (fire: () => void, ms = 0) => {
    const id = ++timers;
    cancels.set(id, world.after(ms, fire));
    return id;
  });
  Reflect.set(globalThis, "clearTimeout", (id: number) => {
    cancels.get(id)?.();
    cancels.delete(id);
  });
  Reflect.set(globalThis, "fetch", (url: string, init: RequestInit = {}) => fetch(new URL(url), init));
  Reflect.set(crypto, "randomUUID", () => {
    const hex = () => world.random.next().toString(16).padStart(8, "0");
    return `${hex()}-${hex()}-${hex()}-${hex()}`;
  });
  Reflect.set(
    crypto.subtle,
    "digest",
    async (_: string, data: Uint8Array) => Uint8Array.from(createHash("sha256").update(data).digest()).buffer,
  );
  console.log = (line: unknown) => world.trace(`log ${String(line)}`);
  console.error = (line: unknown) => {
    world.trace(`log ${String(line)}`);
    if (MISTAKES.test(String(line))) world.violate(`programming error: ${String(line)}`);
  };

  return () => {
    Object.assign(globalThis, { setTimeout, clearTimeout, fetch: realFetch });
    Date.now = now;
    chance = () => world.random.next() / 2 ** 32;
    Object.assign(console, { log, error });
    Reflect.set(crypto, "randomUUID", randomUUID);
    Reflect.set(crypto.subtle, "digest", digest);
  };
}
