import { env } from "cloudflare:workers";
import { beforeEach, expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { interceptedBucket } from "../../test/intercepted-bucket.ts";
import { pointSamples } from "../../test/points.ts";
import { preparedStorage } from "../../test/prepared-storage.ts";
import { queriedDay } from "../../test/queried-day.ts";
import { RollupWorld } from "../../test/rollup-world.ts";
import { keysOf, storedDay } from "../../test/stored-day.ts";
import { upsertSamples } from "../../test/store.ts";
import { loadCatalog } from "../catalog/catalog.ts";
import { settleFromSegments } from "../day-build/settle-from-segments.ts";
import { dayStart } from "../domain/day.ts";
import { readManifestDay } from "../manifest/manifest.ts";
import { dayFileKey } from "../r2/day-file-key.ts";
import { rebuildDay } from "../rebuild/rebuild-day.ts";
import { deletePointDay } from "./delete-point-day.ts";
import { deletePoint, deleteRange, deleteSite, type Deletion, type DeletionContext } from "./delete-samples.ts";

const DAY = 20_373;
const NOW = dayStart(DAY + 4);
const NAMES = ["a", "b"];

let db: D1Database;
let site: { readonly id: number; readonly name: string };
let context: DeletionContext;
const prepare = preparedStorage(
  async () => {
    db = await migratedDatabase();
    const world = await RollupWorld.create(db, env.TIMESERIES, NAMES);
    ({ site } = world);
    const newBuild = () => crypto.randomUUID();
    context = { db, bucket: env.TIMESERIES, hotDays: 20, kv: env.ETL_STATE, now: () => NOW, newBuild };
    await world.sync([
      [0, dayStart(DAY) + 1, 1],
      [1, dayStart(DAY) + 2, 2],
    ]);
    await world.settle(DAY);
  },
  env.TIMESERIES,
  [env.DB],
);
beforeEach(prepare);

const keyOf = (day: number) => dayFileKey(site.name, day);
const settle = (day: number) => settleFromSegments(context, { build: crypto.randomUUID(), site, day });
const stored = (day: number) => storedDay(db, env.TIMESERIES, { site, day });
const state = async (day: number) => (await readManifestDay(db, site.id, day))?.state ?? null;
const untilDone = async (run: (from: number) => Promise<Deletion>): Promise<Deletion["days"]> => {
  const days: Deletion["days"][number][] = [];
  for (let from = 0; ;) {
    const { days: some, nextDay } = await run(from);
    days.push(...some);
    if (nextDay === null) return days;
    from = nextDay;
  }
};

/** The bucket; it refuses to delete day files while `refusing.isOn`. */
function refusingBucket() {
  const refusing = { isOn: true };
  const bucket = interceptedBucket(env.TIMESERIES, async (execute, call) => {
    if (refusing.isOn && call.startsWith(`delete ${keyOf(DAY)}`)) throw new Error("internal error (10001)");
    return execute();
  });
  return { refusing, bucket };
}

/** A query's answer for the day. `stored` refuses a file that the manifest does not know. */
const answered = (day: number) => queriedDay(db, env.TIMESERIES, { site, day });
const rebuild = (day: number) => rebuildDay({ ...context, dryRun: false }, { ...site, db }, day);

test("a deletion that stopped before its file stays a deletion", async () => {
  const { refusing, bucket } = refusingBucket();
  const run = () => deleteRange({ ...context, bucket }, site, { first: DAY, last: DAY });
  await expect(run()).rejects.toThrow("10001");
  expect(await keysOf(env.TIMESERIES, keyOf(DAY))).toEqual([keyOf(DAY)]);
  const catalog = await loadCatalog(db, site.id);
  const late = `${NAMES[0]} ${dayStart(DAY) + 7} 4`;
  await upsertSamples(db, pointSamples([[catalog.get(NAMES[0]!)!.id, dayStart(DAY) + 7, 4]]));
  // the second pass meets the results of the first one
  for (let times = 0; times < 2; times++) {
    expect((await rebuild(DAY)).outcome).toBe("to_delete");
    expect(await settle(DAY)).toMatchObject({
      outcome: "failed",
      reason: expect.stringContaining("delete the day again"),
    });
    expect([await state(DAY), await answered(DAY)]).toEqual(["deleted", [late]]);
  }
  refusing.isOn = false;
  await run();
  expect(await keysOf(env.TIMESERIES, keyOf(DAY))).toEqual([]);
  expect(await readManifestDay(db, site.id, DAY)).toMatchObject({ state: "deleted", reason: null });
  await upsertSamples(db, pointSamples([[catalog.get(NAMES[0]!)!.id, dayStart(DAY) + 7, 4]]));
  expect((await settle(DAY)).outcome).toBe("settled");
  expect(await stored(DAY)).toEqual([late]);
});

test("a rebuild does not restore a deleted day once called suspect", async () => {
  const { bucket } = refusingBucket();
  await expect(deleteRange({ ...context, bucket }, site, { first: DAY, last: DAY })).rejects.toThrow("10001");
  await db.exec("UPDATE day_files SET state = 'suspect' WHERE state = 'deleted'");
  await rebuild(DAY);
  await rebuild(DAY);
  expect(await readManifestDay(db, site.id, DAY)).toMatchObject({ state: "suspect", file: null });
});

test("a repeated deletion of a point or site deletes a left file", async () => {
  const { refusing, bucket } = refusingBucket();
  const catalog = await loadCatalog(db, site.id);
  const [last, ...others] = NAMES.map((name) => ({ id: catalog.get(name)!.id, name }));
  for (const point of others) {
    expect(await deletePointDay(context, { build: crypto.randomUUID(), site, day: DAY }, point)).toBe("deleted");
  }
  const run = () => untilDone((from) => deletePoint({ ...context, bucket }, site, last!, from));
  expect((await run()).map(({ outcome }) => outcome)).toEqual(["failed"]);
  expect(await keysOf(env.TIMESERIES, keyOf(DAY))).toEqual([keyOf(DAY)]);
  refusing.isOn = false;
  await run();
  expect(await keysOf(env.TIMESERIES, keyOf(DAY))).toEqual([]);

  refusing.isOn = true;
  await upsertSamples(db, pointSamples([[last!.id, dayStart(DAY) + 5, 1]]));
  expect((await settle(DAY)).outcome).toBe("settled");
  const deleteAll = () => untilDone((from) => deleteSite({ ...context, bucket }, site, from));
  await expect(deleteAll()).rejects.toThrow("10001");
  refusing.isOn = false;
  await deleteAll();
  expect(await keysOf(env.TIMESERIES, "timeseries/")).toEqual([]);
});
