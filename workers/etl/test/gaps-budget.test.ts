import { interceptedDatabase } from "@building-vitals/core/d1/intercepted-database";
import { readSyncStates } from "@building-vitals/core/sync/sync-state";
import { rotate } from "@building-vitals/core/sync/rotate";
import { migratedDatabase } from "@building-vitals/core/test/database";
import { env } from "cloudflare:workers";
import { beforeAll, expect, test, vi } from "vitest";
import { settingsOf } from "../src/env.ts";
import { repairGapsOfSites } from "../src/gaps.ts";
import type { StoredSite } from "../src/sites.ts";
import { SETTINGS } from "./service.ts";

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const NAMES = ["a", "b", "c", "d", "e"];
/** Hours since 1970. The next hour begins with the sites that this one did not reach. */
const HOUR = 490_000;

let clock: number;
let lines: string[];
beforeAll(async () => {
  await migratedDatabase();
  vi.spyOn(console, "log").mockImplementation((line: unknown) => void lines.push(String(line)));
});

/** Sites whose first statement in a run takes `ms`. */
async function sitesThatTake(ms: number): Promise<StoredSite[]> {
  const states = await readSyncStates(env.DB, NAMES);
  return NAMES.map((name) => {
    let isBegun = false;
    const db = interceptedDatabase(env.DB, (execute) => {
      if (!isBegun) clock += ms;
      isBegun = true;
      return execute();
    });
    const state = states.get(name)!;
    return { name, db, id: state.siteId, state, pause: null };
  });
}

/** Runs the repair in an hour. @returns the sites that it reached, and how many remain by its log */
async function run(hour: number, ms: number): Promise<{ reached: string[]; left: number }> {
  clock = hour * HOUR_MS;
  lines = [];
  const { sites } = await repairGapsOfSites(settingsOf(SETTINGS), await sitesThatTake(ms), "due", () => clock);
  expect(sites.filter((one) => "error" in one)).toEqual([]);
  const left = lines.map((line) => /"gaps_left".*"sites":(\d+)/.exec(line)?.[1]).find((found) => found !== undefined);
  return { reached: sites.map(({ site }) => site), left: Number(left ?? 0) };
}

test.each([
  [2 * MINUTE_MS, 3],
  [2 * MINUTE_MS - 1, 4],
  [6 * MINUTE_MS, 1],
  [MINUTE_MS, 5],
])("of sites that take %i ms each, %i begin within six minutes", async (ms, begun) => {
  expect(await run(HOUR, ms)).toEqual({ reached: rotate(NAMES, HOUR).slice(0, begun), left: NAMES.length - begun });
});

test("the next hour begins with the remaining sites", async () => {
  const { reached } = await run(HOUR, 2 * MINUTE_MS);
  const left = rotate(NAMES, HOUR).slice(reached.length);
  expect((await run(HOUR + 1, 2 * MINUTE_MS)).reached.slice(0, left.length)).toEqual(left);
});

test.each([2, 6])("with %i minutes per site, all sites are reached within hours", async (minutes) => {
  const most = minutes === 2 ? 5 : 15;
  const reached = new Set<string>();
  for (let hour = 0; hour < most; hour++) {
    for (const site of (await run(HOUR + hour, minutes * MINUTE_MS)).reached) reached.add(site);
  }
  expect([...reached].sort()).toEqual(NAMES);
});
