import { createBuilding } from "@building-vitals/ace-simulator/building";
import { migratedDatabase } from "@building-vitals/core/test/database";
import { simulateUpstreamOf } from "@building-vitals/core/test/simulated-upstream";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { ADMIN_TOKEN, call, runCron, SITE, simulateUpstream } from "./service.ts";

interface Letter {
  readonly id: string;
  readonly record: string;
}

beforeAll(migratedDatabase);
afterEach(() => {
  vi.unstubAllGlobals();
});

const token = ADMIN_TOKEN;
const list = async (query = "") =>
  (await call("GET", `/dead-letters${query}`, { token })).json<{ letters: Letter[]; next_cursor: string | null }>();
const post = async (path: string, body: unknown) =>
  (await call("POST", `/dead-letters/${path}`, { token, body })).json();

test("dead letters are listed, replayed once valid, and dropped", async () => {
  // Without weather, the two points that are not collected are the only rejections: weather needs no list.
  const building = {
    seed: 5,
    site: SITE,
    timezone: "America/Chicago",
    points: 12,
    unconfiguredPoints: 2,
    weather: false,
  };
  simulateUpstreamOf([createBuilding(building)]);
  await call("POST", "/trigger", { token });
  const { letters, next_cursor } = await list(`?site=${SITE}&reason=unconfigured`);
  expect(next_cursor).toBe(null);
  expect(letters).toHaveLength(2);
  expect(letters[0]).toMatchObject({
    site: SITE,
    reason: "unconfigured",
    at: expect.stringMatching(/Z$/),
    window: { start: expect.any(String), end: expect.any(String) },
    cursor: null,
    failure: null,
  });
  const pages = [await list("?limit=1"), await list(`?limit=1&cursor=${letters[0]!.id}`)];
  expect(pages.map((page) => page.letters[0]?.id)).toEqual(letters.map(({ id }) => id));
  expect(pages.map((page) => page.next_cursor)).toEqual([letters[0]!.id, null]);

  const [one, other] = letters.map(({ id }) => id);
  expect(await post("replay", { ids: [one] })).toMatchObject({ letters: 1, stored: 0, rejected: { unconfigured: 1 } });
  await env.DB.exec("UPDATE points SET configured = 1");
  const choice = { ids: [one], site: SITE, reason: "unconfigured" };
  expect(await post("replay", choice)).toMatchObject({ letters: 1, stored: 1, rejected: {}, next_cursor: null });
  expect(await post("replay", choice)).toMatchObject({ letters: 0, stored: 0 });
  expect(await post("drop", { ids: [one, other] })).toEqual({ dropped: 1 });
  expect((await list()).letters).toEqual([]);
});

test.each([
  ["GET", "/dead-letters", undefined],
  ["POST", "/dead-letters/replay", { site: SITE }],
  ["POST", "/dead-letters/drop", { site: SITE }],
])("%s %s needs the token", async (method, path, body) => {
  for (const wrong of [{}, { token: "wrong" }]) {
    const response = await call(method, path, { ...wrong, ...(body === undefined ? {} : { body }) });
    expect(response.status).toBe(401);
  }
});

test.each([
  ["replay", {}, 400],
  ["drop", {}, 400],
  ["drop", { ids: [] }, 400],
  ["drop", { ids: ["1 OR 1"] }, 400],
  ["drop", { reason: "bad luck" }, 400],
  ["replay", { site: "nowhere" }, 404],
])("%s of %j is refused", async (path, body, status) => {
  expect((await call("POST", `/dead-letters/${path}`, { token, body })).status).toBe(status);
});

test("the daily cron deletes dead letters after 7 days", async () => {
  simulateUpstream();
  await call("POST", "/trigger", { token });
  const insert = (identity: string, days: number) =>
    env.DB.prepare(
      `INSERT INTO dead_letters (id, identity, site_id, reason, sync_id, at, record)
       SELECT ?2 * 1000, ?1, id, 'null', 's', ?2, ?1 FROM sites`,
    ).bind(identity, Math.round(Date.now() - days * 86_400_000));
  await env.DB.batch([insert("old", 7.01), insert("recent", 6.99)]);
  await runCron("21 3 * * *");
  expect((await list("?reason=null")).letters.map(({ record }) => record)).toEqual(["recent"]);
});
