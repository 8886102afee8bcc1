import { env } from "cloudflare:workers";
import { loadCatalog } from "@building-vitals/core/catalog/catalog";
import { replaceCatalog } from "@building-vitals/core/catalog/replace-catalog";
import { rollUpHours } from "@building-vitals/core/day-build/roll-up-hours";
import { rebuildRollups } from "@building-vitals/core/rebuild/rebuild-rollups";
import { markSuspect } from "@building-vitals/core/manifest/write-manifest";
import { changeHours } from "@building-vitals/core/test/block-days";
import { dayOf } from "@building-vitals/core/domain/day";
import fc from "fast-check";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { settle, clearCold, deleteHotDays } from "./settle-days.ts";
import {
  call,
  clear,
  migrate,
  point,
  type Sample,
  setWatermark,
  SITE,
  siteId,
  storeGap,
  storePoints,
  storeSamples,
  timeseriesPath,
} from "./service.ts";

const DAY_MS = 86_400_000;
const DAY = Date.UTC(2025, 9, 12);
const NAMES = ["a", "b"] as const;

let ids: number[];
beforeAll(migrate);
beforeEach(async () => {
  await clear();
  await clearCold();
  ids = await storePoints(
    SITE,
    NAMES.map((name) => point(name, { unit: "°F", intervalS: 3600 })),
  );
  await setWatermark(SITE, DAY + DAY_MS);
});

const query = (extra: Record<string, string> = {}) =>
  timeseriesPath({ site_name: SITE, point_names: "a,b", start_time: DAY, end_time: DAY + 2 * DAY_MS, ...extra });
const PATHS = (): string[] => [
  query({ interval: "raw" }),
  query({ interval: "1hr" }),
  query({ interval: "1day", units: "metric", format: "csv" }),
  `/sites/${SITE}/coverage?start=2025-10-12&end=2025-10-14&points=a,b`,
  `/sites/${SITE}/points`,
  `/sites/${SITE}/latest`,
  "/sites",
];

/** The answer without the parts in which two answers of one state may differ. */
async function ask(path: string): Promise<{ etag: string; said: string }> {
  const response = await call(path);
  expect(response.status).toBe(200);
  const metadata = response.headers.get("query-metadata") ?? "";
  const said = `${metadata}${await response.text()}`
    .replace(/"query_time_ms":\d+/g, "")
    .replace(/"age_s":\d+/g, "")
    .replace(/"cache_hit":(true|false)/g, "");
  return { etag: response.headers.get("etag")!, said };
}

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Random changes of the stored state, of every kind. */
const step = fc.record({
  kind: fc.constantFrom("sync", "sync", "roll up", "settle", "backfill", "rename", "watermark", "suspect", "nothing"),
  point: fc.nat(1),
  day: fc.nat(1),
  hour: fc.nat(23),
  value: fc.integer({ min: 0, max: 3 }),
});

async function happen(stored: Map<string, Sample>, { kind, point: index, day, hour, value }: Step): Promise<void> {
  const at = DAY + day * DAY_MS;
  const id = ids[index]!;
  const names = new Map(ids.map((one, i) => [one, NAMES[i]!]));
  const ofDay = () => [...stored.values()].filter(([, time]) => dayOf(time) === dayOf(at));
  switch (kind) {
    case "sync": {
      const sample: Sample = [id, at + hour * 3_600_000, value];
      stored.set(`${id} ${sample[1]}`, sample);
      return storeSamples([sample]);
    }
    case "roll up":
      await rollUpHours(env.DB, await siteId(SITE), 0, () => at + 3 * DAY_MS);
      return;
    case "settle":
    case "backfill": {
      const sample: Sample = [id, at + hour * 3_600_000 + 1, value];
      if (kind === "backfill") stored.set(`${id} ${sample[1]}`, sample);
      const samples = ofDay();
      if (samples.length > 0) await settle(samples, names);
      if (kind === "settle" && samples.length > 0) await deleteHotDays(dayOf(at));
      return;
    }
    case "rename": {
      const site = await siteId(SITE);
      const points = NAMES.map((name) => point(name, { unit: value % 2 === 0 ? "°C" : "°F", intervalS: 3600 }));
      await replaceCatalog(env.DB, site, await loadCatalog(env.DB, site), points, 0);
      return;
    }
    case "watermark":
      return setWatermark(SITE, at + hour * 3_600_000);
    case "suspect": {
      const row = await env.DB.prepare("SELECT etag FROM day_files WHERE day = ?1")
        .bind(dayOf(at))
        .first<{ etag: string }>();
      if (row !== null && value === 0)
        await markSuspect(env.DB, { siteId: await siteId(SITE), day: dayOf(at), etag: row.etag }, "test", value);
      return;
    }
    case "nothing":
  }
}

test("equal ETags mean equal answers; an unchanged state gives 304", async () => {
  let different = 0;
  let same = 0;
  await fc.assert(
    fc
      .asyncProperty(fc.array(step, { minLength: 3, maxLength: 6 }), async (steps) => {
        const stored = new Map<string, Sample>();
        const seen = new Map<string, Map<string, string>>();
        for (const one of steps) {
          await happen(stored, one);
          for (const path of PATHS()) {
            const { etag, said } = await ask(path);
            if (etag === null) continue;
            const known = seen.get(path) ?? new Map<string, string>();
            seen.set(path, known);
            const before = known.get(etag);
            if (before === undefined) different++;
            else {
              same++;
              expect(said).toBe(before);
            }
            known.set(etag, said);
            const again = await call(path, {}, { "if-none-match": etag });
            expect([path, again.status]).toEqual([path, 304]);
          }
        }
      })
      .beforeEach(async () => {
        await clear();
        await clearCold();
        ids = await storePoints(
          SITE,
          NAMES.map((name) => point(name, { unit: "°F", intervalS: 3600 })),
        );
      }),
    { numRuns: 6 },
  );
  expect(Math.min(different, same)).toBeGreaterThan(10);
});

test("a detected gap and a repaired gap change the coverage and its ETag", async () => {
  const path = `/sites/${SITE}/coverage?start=2025-10-12&end=2025-10-14`;
  const before = await ask(path);
  await storeGap(0, DAY + 5, DAY + 3_600_000);
  const found = await ask(path);
  await env.DB.prepare("UPDATE gaps SET state = 'repaired', resolved_at = 1, recovered = 7").run();
  const repaired = await ask(path);
  expect(new Set([before.etag, found.etag, repaired.etag]).size).toBe(3);
  expect([before.said, found.said, repaired.said].map((said) => /"state":"(open|repaired)"/.exec(said)?.[1])).toEqual([
    undefined,
    "open",
    "repaired",
  ]);
});

describe("what changes an ETag", () => {
  const etagOf = async (path = query({ interval: "raw" })) => (await ask(path)).etag;

  test.each<[string, () => Promise<unknown>]>([
    ["a late sample", () => storeSamples([[ids[0]!, DAY + 5, 2]])],
    ["a sample of another value", () => storeSamples([[ids[0]!, DAY, 2]])],
    ["a backfilled day", () => settle([[ids[1]!, DAY + DAY_MS, 1]], new Map([[ids[1]!, "b"]]))],
    ["a renamed unit", () => env.DB.prepare("UPDATE points SET unit = '%' WHERE name = 'a'").run()],
    ["a watermark that moves into the range", () => setWatermark(SITE, DAY + DAY_MS + 1)],
  ])("%s", async (_, change) => {
    await storeSamples([[ids[0]!, DAY, 1]]);
    const before = await etagOf();
    expect(await etagOf()).toBe(before);
    await change();
    expect(await etagOf()).not.toBe(before);
  });

  test.each<[string, () => Promise<unknown>]>([
    ["a watermark beyond the range", () => setWatermark(SITE, DAY + 9 * DAY_MS)],
    ["a sample beyond the range", () => storeSamples([[ids[0]!, DAY + 5 * DAY_MS, 2]])],
    ["a build that is about to replace a file", () => env.DB.prepare(`UPDATE day_files SET pending = '{"x":9}'`).run()],
  ])("%s does not", async (_, change) => {
    await settle([[ids[0]!, DAY, 1]], new Map([[ids[0]!, "a"]]));
    await setWatermark(SITE, DAY + 3 * DAY_MS);
    const before = await etagOf();
    await change();
    expect(await etagOf()).toBe(before);
  });

  test("equivalent requests share an ETag, others and deployments do not", async () => {
    const base = query({ interval: "raw" });
    const etag = await etagOf(base);
    const iso = query({ interval: "raw", start_time: "2025-10-12T00:00:00Z", tz: "America/Chicago", fill: "none" });
    expect(await etagOf(iso)).toBe(etag);
    for (const other of [
      query({ interval: "1hr" }),
      query({ interval: "raw", format: "rows" }),
      query({ interval: "raw", point_names: "b,a" }),
    ]) {
      expect(await etagOf(other)).not.toBe(etag);
    }
    const deployed = await call(base, { CF_VERSION_METADATA: { id: "v2", tag: "", timestamp: "" } });
    expect(deployed.headers.get("etag")).not.toBe(etag);
  });
});

test.each<[string, (etag: string) => string, number]>([
  ["the ETag", (etag) => etag, 304],
  ["the ETag as a strong one", (etag) => etag.replace("W/", ""), 304],
  ["a list with it", (etag) => `"x", ${etag}, W/"y"`, 304],
  ["anything", () => "*", 304],
  ["another", () => 'W/"x"', 200],
  ["no ETag", (etag) => etag.slice(3, -1), 200],
])("If-None-Match: %s", async (_, header, status) => {
  const path = query();
  const { etag } = await ask(path);
  const response = await call(path, {}, { "if-none-match": header(etag) });
  expect(response.status).toBe(status);
  expect(response.headers.get("etag")).toBe(etag);
  if (status === 304) expect(await response.text()).toBe("");
});

test("a 304 costs one batch of D1 and no request to R2", async () => {
  await settle([[ids[0]!, DAY, 1]], new Map([[ids[0]!, "a"]]));
  const path = query({ interval: "raw" });
  const { etag } = await ask(path);
  const calls: string[] = [];
  const spy = (name: string, target: object) =>
    new Proxy(target, {
      get(of, key): unknown {
        const member: unknown = Reflect.get(of, key);
        if (typeof member !== "function") return member;
        return (...given: unknown[]): unknown => {
          if (key !== "prepare") calls.push(`${name}.${String(key)}`);
          return Reflect.apply(member, of, given);
        };
      },
    });
  const settings = { DB: spy("db", env.DB), TIMESERIES: spy("r2", env.TIMESERIES) };
  expect((await call(path, settings, { "if-none-match": etag })).status).toBe(304);
  expect(calls).toEqual(["db.batch"]);
});

test.each(["hot", "settled"])("rebuilding wrong aggregates of a %s day changes the ETag", async (level) => {
  const site = await siteId(SITE);
  await storeSamples([[ids[0]!, DAY, 1]]);
  await rollUpHours(env.DB, site, 0, () => DAY + 3 * DAY_MS);
  if (level === "settled") {
    await settle([[ids[0]!, DAY, 1]], new Map([[ids[0]!, "a"]]));
    await deleteHotDays(dayOf(DAY));
  }
  const rebuild = () => {
    const context = { db: env.DB, bucket: env.TIMESERIES, lookbackMs: 0, now: () => DAY + 3 * DAY_MS };
    return rebuildRollups(context, site, { first: dayOf(DAY), last: dayOf(DAY) });
  };
  await changeHours(env.DB, (hours) =>
    hours.map((hour) => (hour === null ? null : { n: 1, min: 9, max: 9, sum: 9, edges: null })),
  );
  const wrong = await ask(query({ interval: "1day" }));
  expect((await rebuild()).rowsChanged).toBe(1);
  const right = await ask(query({ interval: "1day" }));
  expect(right.said).not.toBe(wrong.said);
  expect(right.etag).not.toBe(wrong.etag);
  expect((await rebuild()).rowsChanged).toBe(0);
  expect((await ask(query({ interval: "1day" }))).etag).toBe(right.etag);
});
