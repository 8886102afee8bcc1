import { loadCsvRooms } from "@building-vitals/ace-simulator/csv-rooms";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { deploy, type Deployment, syncToThePresent } from "./deployment.ts";
import { hasRooms, roomPoint, type RoomPoint, ROOMS, RoomsOracle } from "./rooms-oracle.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** A real outage, during which nothing was recorded. */
const OUTAGE = { start: Date.UTC(2013, 7, 27, 18, 5), end: Date.UTC(2013, 7, 27, 23, 22) };
/** What the API withholds at first: hours of a settled day and of a hot day. */
const COLD = { start: Date.UTC(2013, 7, 28, 7, 10), end: Date.UTC(2013, 7, 28, 9, 40) };
const HOT = { start: Date.UTC(2013, 7, 29, 10), end: Date.UTC(2013, 7, 29, 12, 30) };
const FIRST = Date.UTC(2013, 7, 27);

const gapSchema = z.object({
  point: z.string().nullable(),
  start: z.string(),
  end: z.string().nullable(),
  state: z.string(),
  cause: z.string(),
  samples_recovered: z.int(),
});
type ListedGap = z.infer<typeof gapSchema>;
const listSchema = z.object({ gaps: z.array(gapSchema) });
const runSchema = z.object({
  sites: z.array(
    z.object({
      repair: z.object({ incomplete: z.int(), inserted: z.int(), unchanged: z.int() }),
    }),
  ),
});
const coverageSchema = z.object({
  gaps: z.array(gapSchema),
  points: z.array(z.object({ days: z.array(z.object({ samples: z.int().nullable(), expected: z.int().nullable() })) })),
});
const statusSchema = z.object({
  sites: z.array(
    z.object({
      gaps: z.object({ open: z.int(), missing_seconds: z.int(), largest: z.array(z.object({ of: z.string() })) }),
      coverage_24h: z.object({ expected: z.int(), present: z.int(), unjudged_points: z.int() }).nullable(),
    }),
  ),
});
const countSchema = z.object({ n: z.number() });
const qualitySchema = z.object({
  days: z.array(z.object({ date: z.string(), state: z.string() })),
  summary: z.object({ mean_score: z.number(), points: z.int() }),
  points: z.array(
    z.object({
      name: z.string(),
      score: z.number(),
      expected: z.int(),
      actual: z.int(),
      missing: z.int(),
      reasons: z.array(z.string()),
    }),
  ),
});
const timeSchema = z.object({ point: z.string(), time: z.number() });

const title = hasRooms
  ? "gaps of 25 real rooms: a real outage, and hours that come late"
  : "SKIPPED, the folder ../shared/data is absent: gaps of 25 real rooms";

describe.skipIf(!hasRooms)(title, () => {
  let deployment: Deployment;
  let oracle: RoomsOracle;
  let points: RoomPoint[];
  const shifted = (time: number) => time + oracle.shiftMs;
  const dayText = (time: number) => new Date(shifted(time)).toISOString().slice(0, 10);
  /** Formats an ISO time as a time of the files. */
  const shown = (iso: string) => new Date(Date.parse(iso) - oracle.shiftMs).toISOString().slice(0, 16);
  const isAbout =
    ({ start, end }: { start: number; end: number }) =>
    (gap: ListedGap) =>
      gap.point === null &&
      shown(gap.start) <= shown(new Date(shifted(end)).toISOString()) &&
      gap.end !== null &&
      Date.parse(gap.end) > shifted(start);

  const get = async (worker: "etl" | "query", path: string): Promise<unknown> => {
    const headers = { authorization: "Bearer test-admin" };
    const response = await fetch(`${deployment.urls[worker]}${path}`, { headers });
    expect(response.status).toBe(200);
    return response.json();
  };
  const gaps = async () => listSchema.parse(await get("etl", "/gaps?limit=500")).gaps;
  const hourly = async () => runSchema.parse(await deployment.post("etl", "/gaps/repair", {})).sites[0]!;
  const inRange = async ({ start, end }: { start: number; end: number }) => {
    const sql = `SELECT count(*) AS n FROM samples WHERE time >= ${shifted(start)} AND time < ${shifted(end)}`;
    return (await oracle.rows(countSchema, sql))[0]!.n;
  };

  /** Runs the hourly cron, which judges the days of the files. */
  const judge = () => deployment.workers.runCron({ worker: "etl", cron: "6 * * * *" });
  const qualityOf = async (time: number) => {
    const range = `start=${dayText(time)}&end=${dayText(time + DAY_MS)}&limit=1000`;
    return qualitySchema.parse(await get("query", `/sites/sutardja_dai/quality?${range}`));
  };
  /** Per point: the samples of a day, and the missing ones of its 1,440 minutes, without the withheld ranges. */
  const heldOf = async (time: number, without: readonly { start: number; end: number }[]) => {
    const day = Math.floor(shifted(time) / DAY_MS) * DAY_MS;
    const rows = await oracle.rows(
      timeSchema,
      `SELECT 'soda/sutardja_dai/' || room || '/' || quantity AS point, time FROM samples
       WHERE time >= ${day} AND time < ${day + DAY_MS} ORDER BY time`,
    );
    const served = rows.filter((row) =>
      without.every(({ start, end }) => row.time < shifted(start) || row.time >= shifted(end)),
    );
    return new Map(
      [...Map.groupBy(served, ({ point }) => point)].map(([point, own]) => {
        let [minutes, counted] = [0, Number.NEGATIVE_INFINITY];
        for (const { time: at } of own) {
          if (at - counted <= MINUTE_MS / 2) continue;
          counted = at;
          minutes++;
        }
        return [point, { actual: own.length, missing: Math.max(0, 1440 - minutes) }];
      }),
    );
  };
  /**
   * Compares the answers about each point with the samples missing in the files.
   * @returns the mean score
   */
  const expectQuality = async (time: number, without: readonly { start: number; end: number }[]) => {
    const { days, summary, points: judged } = await qualityOf(time);
    expect(days).toMatchObject([{ date: dayText(time), state: "judged" }]);
    const held = await heldOf(time, without);
    expect(held.size).toBeGreaterThan(100);
    const said = judged.filter(({ actual }) => actual > 0);
    expect(new Map(said.map(({ name, actual, missing }) => [name, { actual, missing }]))).toEqual(held);
    for (const { missing, reasons, score } of said) {
      if (missing > 0) expect(reasons).toContain(`${missing} of 1440 expected samples are missing`);
      expect(score).toBeLessThanOrEqual((1440 - missing) / 1440 + 1e-4);
    }
    return summary.mean_score;
  };

  beforeAll(async () => {
    oracle = await RoomsOracle.open();
    points = await oracle.points();
    const ranges = [COLD, HOT].map(({ start, end }): [number, number] => [shifted(start), shifted(end)]);
    deployment = await deploy(
      loadCsvRooms({ folder: ROOMS, shiftMs: oracle.shiftMs }),
      // One hour more, because the first sync has not run yet.
      { INITIAL_LOOKBACK_HOURS: String(Math.ceil((Date.now() - shifted(FIRST)) / HOUR_MS) + 1) },
      { rules: [{ fault: "missing_hours", ranges }] },
    );
    await syncToThePresent(deployment, 60);
    // The hourly cron rolls up the closed hours, and then scans for gaps.
    const [start_date, end_date] = [DAY_MS, 0].map((ms) => new Date(Date.now() - ms).toISOString().slice(0, 10));
    await deployment.post("etl", "/rollups/rebuild", { start_date, end_date });
    await deployment.settle(dayText(COLD.start));
  });

  afterAll(() => deployment?.close());

  it("finds the real outage and the withheld hours as gaps of the site", async () => {
    expect(await hourly()).toMatchObject({ repair: { incomplete: 0, inserted: 0 } });
    const found = await gaps();
    const ofSite = found.filter(({ point, end }) => point === null && end !== null);
    expect(ofSite.map(({ start, end, state }) => [shown(start), shown(end!), state])).toEqual([
      ["2013-08-29T09:59", "2013-08-29T12:30", "open"],
      ["2013-08-28T07:09", "2013-08-28T09:40", "open"],
      ["2013-08-27T18:05", "2013-08-27T23:22", "open"],
    ]);
    expect(ofSite.every(({ cause }) => cause === "upstream_empty")).toBe(true);
  });

  it("lists every silence over three minutes, and no gap with samples", async () => {
    const found = await gaps();
    for (const { point, start, end } of found.filter((gap) => ![COLD, HOT].some((range) => isAbout(range)(gap)))) {
      const own = point === null ? "" : `AND 'soda/sutardja_dai/' || room || '/' || quantity = '${point}'`;
      const until = end === null ? Date.now() : Date.parse(end);
      const sql = `SELECT count(*) AS n FROM samples WHERE time >= ${Date.parse(start)} AND time < ${until} ${own}`;
      // A few points may have samples while nine of ten points of a site are silent.
      const most = point === null ? points.length / 10 : 0;
      expect((await oracle.rows(countSchema, sql))[0]!.n, JSON.stringify({ point, start, end })).toBeLessThanOrEqual(
        most,
      );
    }
    const silences = await oracle.rows(
      z.object({ point: z.string(), first: z.number(), last: z.number() }),
      `SELECT 'soda/sutardja_dai/' || room || '/' || quantity AS point, time AS first, next AS last FROM (
         SELECT *, lead(time) OVER (PARTITION BY room, quantity ORDER BY time) AS next FROM samples
         WHERE time >= ${shifted(FIRST)}) WHERE next - time > 180000`,
    );
    expect(silences.length).toBeGreaterThan(100);
    for (const { point, first, last } of silences) {
      const covering = found
        .filter((gap) => gap.point === null || gap.point === point)
        .map((gap) => ({ start: Date.parse(gap.start), end: gap.end === null ? Infinity : Date.parse(gap.end) }))
        .filter(({ start, end }) => start < last && end > first);
      const covered = covering.reduce((sum, { start, end }) => sum + Math.min(end, last) - Math.max(start, first), 0);
      expect(last - first - covered, `${point} ${first}`).toBeLessThanOrEqual(3 * MINUTE_MS);
    }
  });

  it("shows the outage in coverage, status and metrics", async () => {
    const [point] = points;
    const day = dayText(OUTAGE.start);
    const query = `start=${day}&end=${dayText(OUTAGE.start + DAY_MS)}&points=${encodeURIComponent(roomPoint(point!))}`;
    const coverage = coverageSchema.parse(await get("query", `/sites/sutardja_dai/coverage?${query}`));
    expect(coverage.gaps.filter(isAbout(OUTAGE))).toMatchObject([{ point: null, state: "open" }]);
    const [ofDay] = coverage.points[0]!.days;
    expect(ofDay?.expected).toBe(1440);
    expect((ofDay?.samples ?? 1440) / 1440).toBeLessThan(0.79);
    const status = statusSchema.parse(await get("etl", "/status")).sites[0]!;
    expect(status.gaps.open).toBeGreaterThanOrEqual(3);
    expect(status.gaps.missing_seconds).toBeGreaterThan((5.2 + 2.5 + 2.5) * 3600);
    expect(status.coverage_24h).toMatchObject({ unjudged_points: 0 });
    const metrics = await (await fetch(`${deployment.urls.etl}/metrics`)).text();
    expect(metrics).toMatch(/^building_vitals_gaps_open\{site="sutardja_dai",cause="upstream_empty"\} [1-9]/m);
    // The missing part of the last 24 hours depends on the time of day of the run.
    const { expected, present } = status.coverage_24h!;
    expect(expected).toBeGreaterThan(0.9 * points.length * 1440);
    expect(metrics.split("\n")).toContain(`building_vitals_coverage_ratio{site="sutardja_dai"} ${present / expected}`);
  });

  it("counts each day's missing samples, and scores the outage worst", async () => {
    await judge();
    const outage = await expectQuality(OUTAGE.start, []);
    const others = [await expectQuality(COLD.start, [COLD]), await expectQuality(HOT.start, [HOT])];
    expect(outage).toBeLessThan(0.79);
    expect(Math.min(...others)).toBeGreaterThan(outage);
  });

  it("repairs the withheld hours once served, and confirms the outage", async () => {
    await deployment.setFaults({ rules: [] });
    const held = (await inRange(COLD)) + (await inRange(HOT));
    expect(held).toBeGreaterThan(25_000);
    const run = await hourly();
    expect(run).toMatchObject({ repair: { incomplete: 0, inserted: held } });
    const found = await gaps();
    expect(found.filter(isAbout(OUTAGE))).toMatchObject([{ state: "confirmed-empty" }]);
    for (const range of [COLD, HOT]) {
      expect(found.filter(isAbout(range))).toMatchObject([
        { state: "repaired", samples_recovered: await inRange(range) },
      ]);
    }
  });

  it("judges the repaired days as if no hour had been missing", async () => {
    // Settling judges a settled day while it builds its file. The next cron judges a day in segments.
    await deployment.settle(dayText(COLD.start));
    const judged = await Promise.all([COLD, HOT].map(({ start }) => qualityOf(start)));
    expect(judged.map(({ days }) => days[0]?.state)).toEqual(["judged", "stale"]);
    await judge();
    for (const { start } of [OUTAGE, COLD, HOT]) await expectQuality(start, []);
  });

  it("answers with every sample and the aggregates of the repaired days", async () => {
    const asked = points.filter((_, i) => i % 9 === 0);
    for (const { start } of [COLD, HOT]) {
      const day = Math.floor(shifted(start) / DAY_MS) * DAY_MS;
      const range = {
        start_time: String(day),
        end_time: String(day + DAY_MS),
        point_names: asked.map(roomPoint).join(),
      };
      const raw = await deployment.query({ ...range, interval: "raw" });
      const hours = await deployment.query({ ...range, interval: "1hr", tz: "UTC" });
      for (const [i, series] of raw.series.entries()) {
        const own = (await oracle.samples(asked[i]!)).filter(({ time }) => time >= day && time < day + DAY_MS);
        expect(series.timestamps).toEqual(own.map(({ time }) => time));
        expect(series.values).toEqual(own.map(({ value }) => value));
        const inHour = Map.groupBy(own, ({ time }) => Math.floor(time / HOUR_MS) * HOUR_MS);
        expect(hours.series[i]!.timestamps).toEqual([...inHour.keys()]);
        expect(hours.series[i]!.count).toEqual([...inHour.values()].map(({ length }) => length));
      }
      if (start === COLD.start) expect(raw.metadata.sources).toEqual(["R2"]);
      else expect(raw.metadata.sources).toContain("D1");
    }
  });
});
