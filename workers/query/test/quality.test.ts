import { judgeDays } from "@building-vitals/core/rebuild/judge-days";
import { dayOf, dayText } from "@building-vitals/core/domain/day";
import { env } from "cloudflare:workers";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { z } from "zod";
import { qualityAnswerSchema } from "../src/quality-answer.ts";
import {
  call,
  clear,
  migrate,
  OTHER_SITE,
  point,
  problemOf,
  setWatermark,
  SITE,
  siteId,
  storePoints,
  storeSamples,
} from "./service.ts";

const DAY_MS = 86_400_000;
/** a fixed noon, because the Worker answers for the days before today */
const NOW = Date.UTC(2026, 9, 15, 12);
const YESTERDAY = dayOf(NOW) - 1;
const START = YESTERDAY * DAY_MS;
const CADENCE_MS = 600_000;
const ROOM = { unit: "°F", intervalS: 600, tags: { kv: {}, markers: ["sensor"] } };
/** ordered by the scores of the samples below, the worst first; the last two have no score */
const NAMES = ["m/stuck", "z/dead", "b/half", "a/spike", "c/sound", "d/sound", "e/mode", "f/mode"];

let ids: number[];
beforeAll(async () => {
  await migrate();
  vi.useFakeTimers({ now: NOW, toFake: ["Date"] });
});
afterAll(() => void vi.useRealTimers());
beforeEach(async () => {
  await clear();
  ids = await storePoints(
    SITE,
    NAMES.map((name) => point(name, name.endsWith("mode") ? { intervalS: null } : ROOM)),
  );
  await env.DB.prepare("UPDATE points SET first_seen = 0").run();
  await setWatermark(SITE, START - 1);
  const moving = (i: number) => Math.round(710 + 20 * Math.sin(i / 20) + (i % 3)) / 10;
  const day = (name: string, of: (i: number) => number, n = 144) =>
    Array.from({ length: n }, (_, i) => [ids[NAMES.indexOf(name)]!, START + i * CADENCE_MS, of(i)] as const);
  await storeSamples([
    ...day("m/stuck", () => 71.3),
    ...day("b/half", moving, 72),
    ...day("a/spike", (i) => (i === 50 ? 100 : moving(i))),
    ...day("c/sound", moving),
    ...day("d/sound", moving),
    ...day("e/mode", (i) => i % 4),
    ...day("f/mode", (i) => i % 4),
  ]);
  await setWatermark(SITE, START + DAY_MS);
  await judge();
});

const judge = async () =>
  judgeDays({ db: env.DB, bucket: env.TIMESERIES, now: () => START + 2 * DAY_MS }, await siteId(SITE), 600_000);
const path = (parameters: Record<string, string> = {}) =>
  `/sites/${SITE}/quality?${new URLSearchParams(parameters).toString()}`;
async function ask(parameters?: Record<string, string>): Promise<z.infer<typeof qualityAnswerSchema>> {
  const response = await call(path(parameters));
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${response.status}: ${text}`);
  return qualityAnswerSchema.parse(JSON.parse(text));
}

describe("GET /sites/{site}/quality", () => {
  test("lists the problems of each point in seven full days, the worst first", async () => {
    const answer = await ask();
    expect(answer.days.map(({ date, state }) => [date, state])).toEqual([
      ...[6, 5, 4, 3, 2, 1].map((ago) => [dayText(YESTERDAY - ago), "unjudged"]),
      [dayText(YESTERDAY), "judged"],
    ]);
    expect(answer.points.map(({ name, score, reasons }) => [name, score, reasons])).toEqual([
      ["m/stuck", 0, ["stuck: no change at all for 23.8 h"]],
      ["z/dead", 0, ["no samples at all on 1 day", "144 of 144 expected samples are missing"]],
      ["b/half", 0.5, ["72 of 144 expected samples are missing"]],
      ["a/spike", 0.993, ["1 spike, single samples that jump and return"]],
      ["c/sound", 1, []],
      ["d/sound", 1, []],
      ["e/mode", null, []],
      ["f/mode", null, []],
    ]);
    expect(answer.points.find(({ name }) => name === "a/spike")).toMatchObject({
      unit: "°F",
      days_judged: 1,
      days_silent: 0,
      expected: 144,
      actual: 144,
      missing: 0,
      out_of_range: 0,
      outliers: 0,
      spikes: 1,
      flat_line_hours: 0,
      judged: ["completeness", "range", "outliers", "flat_line"],
    });
    expect(answer.points.at(-1)).toMatchObject({ score: null, expected: null, actual: 144, spikes: null, judged: [] });
    expect(answer.summary).toEqual({
      mean_score: 0.5821,
      points: 8,
      judged: 6,
      threshold: 0.8,
      poor: 3,
      poor_by: { silent: 1, missing: 2, out_of_range: 0, outliers: 0, spikes: 0, flat_line: 1, late: 0 },
    });
    expect(answer.next_cursor).toBeNull();
  });

  test.each([1, 2, 3, 5])("pages of %i list each point once, in the same order", async (limit) => {
    const whole = (await ask()).points;
    const names: string[] = [];
    let cursor: string | null = null;
    for (let pages = 0; pages < 9; pages++) {
      const { points, next_cursor, summary } = await ask({
        limit: String(limit),
        ...(cursor === null ? {} : { cursor }),
      });
      expect(points.length).toBeLessThanOrEqual(limit);
      expect(summary.points).toBe(8);
      names.push(...points.map(({ name }) => name));
      cursor = next_cursor;
      if (cursor === null) break;
    }
    expect(names).toEqual(whole.map(({ name }) => name));
  });

  test("named points: also by day, with stale days marked", async () => {
    const named = { points: "b/half,z/dead", start: dayText(YESTERDAY - 1), end: dayText(YESTERDAY + 2) };
    const before = await ask(named);
    expect(before.days.map(({ state }) => state)).toEqual(["unjudged", "judged", "unjudged"]);
    expect(
      before.points.map(({ name, days }) => [name, days?.map(({ date, score, stale }) => [date, score, stale])]),
    ).toEqual([
      ["z/dead", [[dayText(YESTERDAY), 0, false]]],
      ["b/half", [[dayText(YESTERDAY), 0.5, false]]],
    ]);
    const etag = (await call(path(named))).headers.get("etag") ?? "";
    expect((await call(path(named), {}, { "if-none-match": etag })).status).toBe(304);
    await storeSamples([[ids[2]!, START + 100 * CADENCE_MS, 71]]);
    const stale = await ask(named);
    expect(stale.days[1]?.state).toBe("stale");
    expect(stale.points[1]).toMatchObject({ score: 0.5, days: [{ stale: true }] });
    expect((await call(path(named), {}, { "if-none-match": etag })).status).toBe(200);
    await judge();
    expect((await ask(named)).points[1]).toMatchObject({
      actual: 73,
      days: [{ actual: 73, missing: 71, stale: false }],
    });
  });

  test("a site before its first sync has no quality", async () => {
    const response = await call(`/sites/${encodeURIComponent(OTHER_SITE)}/quality`);
    expect(await response.json()).toMatchObject({ points: [], summary: { mean_score: null, points: 0 } });
  });

  test.each([
    [{ start: "2025-10-13", end: "2025-10-13" }, "invalid_request", "end"],
    [{ start: "2025-10-13" }, "span_too_long", "end"],
    [{ start: "2020-01-01", end: "2025-10-13", points: "b/half" }, "span_too_long", "end"],
    [{ start: "1969-12-31", end: "1970-01-02" }, "invalid_request", "start"],
    [{ points: "nobody" }, "unknown_point", "points"],
    [{ cursor: "z" }, "invalid_request", "cursor"],
    [{ limit: "0" }, "invalid_request", "limit"],
  ])("%j is refused", async (parameters, code, field) => {
    expect(await problemOf(await call(path(parameters)))).toMatchObject({ code, field });
  });
});
