import { env } from "cloudflare:workers";
import { afterAll } from "vitest";
import { MemoryR2 } from "./memory-r2.ts";

/** Puts a bucket in memory in the place of Miniflare's until the tests of the calling file have ended. */
export function useMemoryR2(): R2Bucket {
  const { TIMESERIES } = env;
  Object.assign(env, { TIMESERIES: new MemoryR2() });
  afterAll(() => {
    Object.assign(env, { TIMESERIES });
  });
  return env.TIMESERIES;
}
