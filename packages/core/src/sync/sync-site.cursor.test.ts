import { createBuilding } from "@building-vitals/ace-simulator/building";
import { beforeAll, describe, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { differences, sourceSamples, storedSamples } from "../../test/stored-samples.ts";
import { MINUTE_MS, SyncWorld } from "../../test/sync-world.ts";
import { HOUR_MS } from "../domain/hour.ts";

const START = Date.UTC(2025, 9, 12, 14, 2, 7, 313);

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
});

const isPage = (request: Request) => request.url.includes("/timeseries/");
const cursorOf = (request: Request) => new URL(request.url).searchParams.get("cursor");
const startOf = (request: Request) => new URL(request.url).searchParams.get("start_time");
const FIRST = new Date(START - HOUR_MS).toISOString();

/** A site whose hour has several pages of 500 rows; `asked` lists the start of each requested page. */
function paged(name: string, faults?: ConstructorParameters<typeof SyncWorld>[0]["faults"]) {
  const source = createBuilding({
    seed: 3,
    site: name,
    timezone: "America/Chicago",
    points: 20,
    collectInterval: 60,
    weather: false,
  });
  const world = new SyncWorld({ db, source, now: START, pageSize: 500, ...(faults && { faults }) });
  const asked: (string | null)[] = [];
  const simulated = world.upstream;
  const upstream = (request: Request) => {
    if (isPage(request)) asked.push(cursorOf(request) ?? startOf(request));
    return simulated(request);
  };
  world.upstream = upstream;
  const expectAllStored = async () => {
    const range = { start: START - HOUR_MS, end: world.clock.now() };
    const { siteId } = await world.state();
    expect(differences(sourceSamples(source, range), await storedSamples(db, siteId, range))).toEqual([]);
  };
  return { world, asked, upstream, expectAllStored };
}

/** A site that stored the first page of a window, and a cursor for the second. */
async function withSavedCursor(name: string) {
  const site = paged(name);
  const { world, upstream } = site;
  world.upstream = async (request) => {
    if (isPage(request)) await world.clock.sleep(30_000);
    return upstream(request);
  };
  expect(await world.sync()).toMatchObject({ incompleteBecause: "budget", errors: [] });
  const saved = (await world.state()).open?.at.cursor ?? null;
  expect(saved).not.toBeNull();
  site.asked.length = 0;
  const refuse = (answer: (request: Request) => Response | null) => {
    world.upstream = async (request) => (isPage(request) ? answer(request) : null) ?? upstream(request);
  };
  return { ...site, saved, refuse };
}

const failed = (status: number) => new Response("{}", { status });

describe("a saved cursor that the API refuses", () => {
  test.each([400, 404, 410, 422, 500, 502])(
    "with %i: the window starts again, once, in the same run",
    async (status) => {
      const { world, asked, saved, refuse, expectAllStored } = await withSavedCursor(`ses_refused_${status}`);
      refuse((request) => (cursorOf(request) === saved ? failed(status) : null));
      expect(await world.sync()).toMatchObject({ complete: true, errors: [] });
      expect(asked.filter((start) => start === FIRST)).toHaveLength(1);
      await expectAllStored();
    },
  );

  test.each([401, 403, 408, 429, 503])("is kept through an outage with %i", async (status) => {
    const { world, refuse, expectAllStored } = await withSavedCursor(`ses_outage_${status}`);
    const { open } = await world.state();
    refuse(() => failed(status));
    expect(await world.sync()).toMatchObject({ incompleteBecause: "error", errors: [{ code: "http" }] });
    expect((await world.state()).open).toEqual(open);
    refuse(() => null);
    expect(await world.sync()).toMatchObject({ complete: true });
    await expectAllStored();
  });

  test("is abandoned by the next run if this one has no time left", async () => {
    const { world, asked, saved, refuse, expectAllStored } = await withSavedCursor("ses_refused_late");
    const { open } = await world.state();
    refuse((request) => (cursorOf(request) === saved ? failed(410) : null));
    const { upstream } = world;
    world.upstream = async (request) => {
      if (isPage(request)) await world.clock.sleep(26_000);
      return upstream(request);
    };
    expect(await world.sync()).toMatchObject({ incompleteBecause: "error", errors: [{ code: "http" }] });
    expect((await world.state()).open).toEqual({ range: open?.range, at: { from: open?.range.start, cursor: null } });
    await world.sync();
    expect(asked.at(-1)).toBe(FIRST);
    await world.catchUp();
    await expectAllStored();
  });
});

test.each([410, 500])("an API that refuses every cursor with %i is read by its times", async (status) => {
  const { world, upstream, expectAllStored } = paged(`ses_no_cursors_${status}`);
  world.upstream = async (request) => (cursorOf(request) === null ? upstream(request) : failed(status));
  await world.catchUp();
  await world.clock.sleep(5 * MINUTE_MS);
  expect((await world.catchUp()).at(-1)).toMatchObject({ complete: true, errors: [] });
  await expectAllStored();
});

test("without cursors, no row is lost if a range excludes its start", async () => {
  const { world, asked, upstream, expectAllStored } = paged("ses_exclusive_start");
  Object.assign(world.settings, { pageSize: 50 });
  world.upstream = async (request) => {
    if (!isPage(request)) return upstream(request);
    if (cursorOf(request) !== null) return failed(410);
    const url = new URL(request.url);
    url.searchParams.set("start_time", new Date(Date.parse(startOf(request)!) + 1).toISOString());
    return upstream(new Request(url, request));
  };
  await world.catchUp();
  expect(asked.length).toBeGreaterThan(10);
  await expectAllStored();
});

test("without cursors, a page within one moment is an error, not a loop", async () => {
  const { world, upstream } = paged("ses_no_cursors_tiny");
  Object.assign(world.settings, { pageSize: 10 });
  world.upstream = async (request) => (cursorOf(request) === null ? upstream(request) : failed(410));
  expect(await world.sync()).toMatchObject({ incompleteBecause: "error", errors: [{ code: "http" }] });
  expect(world.asked.length).toBeLessThan(10);
});

test.each([false, true])("a repeated cursor is abandoned in the same run (cycle: %s)", async (cycle) => {
  const rules = [{ fault: "repeat_cursor" as const, cycle, times: 1 }];
  const { world, expectAllStored } = paged(`ses_repeat_${cycle}`, { rules });
  expect(await world.sync()).toMatchObject({ complete: true, errors: [] });
  await expectAllStored();
});
