import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { settle, clearCold, deleteHotDays, keyOf, manifestRow, publishDay, writeDayFile } from "./settle-days.ts";
import { aroundRequests } from "./buckets.ts";
import { DAY } from "./naive.ts";
import { clear, migrate, point, queryJson, type Sample, SITE, storePoints, storeSamples } from "./service.ts";

const FIRST = Date.UTC(2025, 9, 12) / DAY;

let names = new Map<number, string>();
let ids: number[] = [];

beforeAll(migrate);
beforeEach(async () => {
  await clear();
  await clearCold();
  // More points than a block, so that hot rows are read in several statements.
  const all = Array.from({ length: 24 }, (_, i) => `p${String(i).padStart(2, "0")}`);
  ids = await storePoints(
    SITE,
    all.map((name) => point(name, { intervalS: null })),
  );
  names = new Map(ids.map((id, i) => [id, all[i]!]));
});

/** A sample per point on each of the days, with values from `base` on. */
function samplesOf(days: readonly number[], base: number): Sample[] {
  return days.flatMap((day) => ids.map((id, i): Sample => [id, day * DAY + i, base + i]));
}

/** The rows of an answer. They must hold only stored samples, and all samples that were stored throughout. */
async function ask(settings: Record<string, unknown>) {
  const [start, end] = [FIRST * DAY, (FIRST + 3) * DAY];
  const asked = {
    site_name: SITE,
    point_names: [...names.values()],
    start_time: start,
    end_time: end,
    interval: "raw",
  };
  const { series, metadata } = await queryJson(asked, settings);
  expect(metadata.partial).toBe(false);
  const rows = series.flatMap((one) => one.timestamps.map((at, i) => [one.point_name, at, one.values[i]]));
  return { rows, metadata };
}
const rowsOf = (samples: readonly Sample[]) =>
  samples
    .map(([id, at, value]): [string, number, number] => [names.get(id)!, at, value])
    .sort(([a, x], [b, y]) => (a === b ? x - y : a < b ? -1 : 1));

/** The real database. An action runs after the `nth` transaction, before the transaction's result is returned. */
function afterBatch(nth: number, happens: () => Promise<unknown>): D1Database {
  let batches = 0;
  return intercepted(async (run) => {
    const result = await run();
    if (++batches === nth) await happens();
    return result;
  });
}

function intercepted(around: (run: () => Promise<D1Result[]>) => Promise<D1Result[]>): D1Database {
  return new Proxy(env.DB, {
    get(target, key): unknown {
      if (key === "batch") return (statements: D1PreparedStatement[]) => around(() => target.batch(statements));
      const member: unknown = Reflect.get(target, key);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

/** Settles a hot day: publishes its file and row, then deletes its hot rows. */
async function settleHot(samples: readonly Sample[]): Promise<void> {
  await settle(samples, names);
  await deleteHotDays(...new Set(samples.map(([, at]) => Math.floor(at / DAY))));
}

describe("a day is settled during a query", () => {
  test("for the first time, after the plan", async () => {
    const samples = samplesOf([FIRST, FIRST + 1], 0);
    await storeSamples(samples);
    const { rows, metadata } = await ask({ DB: afterBatch(1, () => settleHot(samples)) });
    expect(rows).toEqual(rowsOf(samples));
    expect(metadata.sources).toEqual(["R2"]);
  });

  test("with late samples merged into its file, after the plan", async () => {
    const samples = samplesOf([FIRST, FIRST + 1], 0);
    await settle(samples, names);
    const late = samplesOf([FIRST + 1], 100).map(([id, at, value]): Sample => [id, at + 1000, value]);
    await storeSamples(late);
    const all = [...samples, ...late];
    const settleLate = () => settleHot(all.filter(([, at]) => at >= (FIRST + 1) * DAY));
    expect((await ask({ DB: afterBatch(1, settleLate) })).rows).toEqual(rowsOf(all));
  });

  test("at any of the answer's requests to R2", async () => {
    const samples = samplesOf([FIRST, FIRST + 1, FIRST + 2], 0);
    let requests = 0;
    for (let nth = 1; nth === 1 || requests >= nth - 1; nth++) {
      await clear();
      await clearCold();
      ids = await storePoints(
        SITE,
        [...names.values()].map((name) => point(name, { intervalS: null })),
      );
      names = new Map(ids.map((id, i) => [id, [...names.values()][i]!]));
      const now = samples.map(([, at, value], i): Sample => [ids[i % ids.length]!, at, value]);
      await settle(now, names);
      const late: Sample[] = now.slice(0, 24).map(([id, at]) => [id, at + DAY / 2, -1]);
      await storeSamples(late);
      const day = [...now.filter(([, at]) => at < (FIRST + 1) * DAY), ...late];
      requests = 0;
      let pending: Promise<void> | undefined;
      const bucket = aroundRequests(env.TIMESERIES, async (request) => {
        if (++requests === nth) pending = settleHot(day);
        await pending;
        return request();
      });
      const { rows } = await ask({ TIMESERIES: bucket });
      expect(rows).toEqual(rowsOf([...now, ...late]));
    }
    expect(requests).toBeGreaterThan(2);
  });
});

describe("an object that a build has put but not published", () => {
  const before = () => samplesOf([FIRST, FIRST + 1], 0);
  const after = () => samplesOf([FIRST + 1], 50);

  /** Announces the content, puts the object, and stops there. */
  async function putUnpublished(announced: (sha256: string) => string) {
    const built = await writeDayFile(after(), names);
    const bytes = await (await env.TIMESERIES.get(built.key))!.arrayBuffer();
    const customMetadata = { sha256: built.written.sha256, generation: "2" };
    await env.TIMESERIES.put(built.key, bytes, { customMetadata });
    await env.DB.prepare("UPDATE day_files SET pending = ?1 WHERE day = ?2")
      .bind(announced(built.written.sha256), FIRST + 1)
      .run();
    return built;
  }
  const merged = () => [...before().filter(([, at]) => at < (FIRST + 1) * DAY), ...after()];

  test("is read by its footer", async () => {
    await settle(before(), names);
    await putUnpublished((sha256) => JSON.stringify({ [sha256]: 2 }));
    expect((await ask({})).rows).toEqual(rowsOf(merged()));
    expect(await manifestRow(FIRST + 1)).toMatchObject({ state: "written" });
  });

  test("is no data if its content was not announced", async () => {
    vi.spyOn(console, "log").mockReturnValue();
    for (const announced of [() => '{"00":2}', () => "{}"]) {
      await clearCold();
      await settle(before(), names);
      await putUnpublished(announced);
      const asked = { site_name: SITE, point_names: "p00", start_time: FIRST * DAY, end_time: (FIRST + 2) * DAY };
      const { metadata, series } = await queryJson({ ...asked, interval: "raw" });
      expect(series[0]!.timestamps).toEqual([FIRST * DAY]);
      expect(metadata).toMatchObject({ partial: true, missing: [[(FIRST + 1) * DAY, (FIRST + 2) * DAY]] });
      expect(await manifestRow(FIRST + 1)).toMatchObject({ state: "suspect" });
    }
    vi.restoreAllMocks();
  });

  test("is published before its day is marked: the day stays written", async () => {
    await settle(before(), names);
    const built = await writeDayFile(after(), names);
    const bucket = aroundRequests(env.TIMESERIES, async (request, key) => {
      const result = await request();
      if (key === keyOf(FIRST + 1)) await publishDay(built);
      return result;
    });
    expect((await ask({ TIMESERIES: bucket })).rows).toEqual(rowsOf(merged()));
    expect(await manifestRow(FIRST + 1)).toMatchObject({ state: "written" });
  });
});
