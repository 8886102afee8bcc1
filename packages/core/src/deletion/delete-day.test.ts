import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { RollupWorld } from "../../test/rollup-world.ts";
import { dayStart } from "../domain/day.ts";
import { deleteDay } from "./delete-day.ts";
import { readManifestDay } from "../manifest/manifest.ts";

const DAY = 20_373;
const NOW = dayStart(DAY + 9);

test("a day counts as deleted until a backfill, even with a new file", async () => {
  const db = await migratedDatabase();
  const bucket = env.TIMESERIES;
  const world = await RollupWorld.create(db, bucket, ["a"]);
  const deletion = async () => {
    const row = await readManifestDay(db, world.site.id, DAY);
    return [row?.state, row?.deletedAt];
  };
  await world.sync([[0, dayStart(DAY) + 1, 1]]);
  await world.settle(DAY);
  expect(await deletion()).toEqual(["written", null]);
  await deleteDay({ db, bucket }, world.site, DAY, NOW);
  expect(await deletion()).toEqual(["deleted", NOW]);
  await world.sync([[0, dayStart(DAY) + 2, 2]]);
  await world.settle(DAY);
  expect(await deletion()).toEqual(["written", NOW]);
  await world.backfill(DAY, [[0, dayStart(DAY) + 1, 1]]);
  expect(await deletion()).toEqual(["written", null]);
});
