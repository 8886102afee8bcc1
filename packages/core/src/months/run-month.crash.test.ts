import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { type CrashKind, CrashPoint, isWrite } from "../../test/crash-point.ts";
import { emptyDatabase, migratedDatabase } from "../../test/database.ts";
import { type DaySample, MonthSite } from "../../test/month-site.ts";
import { preparedStorage } from "../../test/prepared-storage.ts";
import { keysOf } from "../../test/stored-day.ts";
import { MemoryEngine } from "../../test/memory-engine.ts";
import { dayFileKey } from "../r2/day-file-key.ts";
import { monthFileKey } from "../r2/month-file-key.ts";
import { readAppointedMonth } from "../manifest/write-month-files.ts";
import { deleteDay } from "../deletion/delete-day.ts";
import { dayStart, parseDay } from "../domain/day.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { monthOf } from "../domain/month.ts";
import { queriedHours } from "../../test/queried-hours.ts";

vi.setConfig({ testTimeout: 120_000 });

const MONTH = monthOf(parseDay("2025-10-01")!);
const DAYS = [3, 4, 5, 8, 12, 31];
const FOREVER = Number.POSITIVE_INFINITY;

let db: D1Database;
let world: MonthSite;

beforeAll(async () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  vi.spyOn(console, "log").mockImplementation(() => undefined);
  db = await migratedDatabase();
});

/** Six days in files, of three points; one of them comes and goes. */
async function begin(): Promise<void> {
  await emptyDatabase();
  const keys = await keysOf(env.TIMESERIES, "");
  if (keys.length > 0) await env.TIMESERIES.delete(keys);
  world = await MonthSite.of(db, "ses_months", MONTH, ["a", "b", "c"]);
  await world.settleAll(DAYS, (day) =>
    [0, 1, 2].flatMap((point) =>
      point === 2 && day % 2 === 1
        ? []
        : [0, 1, 5].map((hour): DaySample => [point, hour * HOUR_MS + day + point * 1_000, day + point / 3 + hour]),
    ),
  );
}

const prepared = preparedStorage(begin, env.TIMESERIES, [env.DB]);
let rested: number | null = null;

/** Back to six days without a month file. */
async function reset(): Promise<void> {
  await prepared();
  rested ??= world.time;
  world.time = rested;
  world.states.clear();
}

const alive = () => new CrashPoint(FOREVER, "before");
const samples = async () => (await world.query()).lines;
const hours = () => queriedHours(db, world);
const monthKey = () => monthFileKey(world.site.name, MONTH);

/** Expects all of the month to come from its file, with one request for all points. */
async function expectBuilt(lines: readonly string[]): Promise<void> {
  const { answer, lines: found } = await world.query();
  expect(found).toEqual(lines);
  expect(answer.partial).toBe(false);
  expect(answer.cold.requests).toBe(1);
  expect(answer.unreadableMonths).toEqual([]);
  expect((await keysOf(env.TIMESERIES, "")).filter((key) => key.startsWith("staging/"))).toEqual([]);
  expect(await world.row()).toMatchObject({ instance: null, attempts: 0, reason: null });
}

test("a month file and its packed aggregates equal the days", async () => {
  await reset();
  const [before, hoursBefore] = [await samples(), await hours()];
  expect(before).toHaveLength(DAYS.length * 6 + 3 * 3);
  expect((await world.query()).answer.cold.requests).toBe(DAYS.length);
  expect(await world.build()).toEqual([MONTH]);
  await expectBuilt(before);
  expect(await hours()).toEqual(hoursBefore);
});

test("between any two calls, each sample and hour is read exactly once", async () => {
  await reset();
  const [before, hoursBefore] = [await samples(), await hours()];
  await world.supervise();
  let calls = 0;
  const watched = new CrashPoint(FOREVER, "before", undefined, async () => {
    calls++;
    const { answer, lines } = await world.query();
    expect(lines).toEqual(before);
    expect(answer.partial).toBe(false);
    expect(await hours()).toEqual(hoursBefore);
  });
  expect(await world.run(new MemoryEngine(), watched)).toBe(true);
  expect(calls).toBeGreaterThan(30);
  await expectBuilt(before);
});

test.each<CrashKind>(["before", "after"])("a build that dies %s any call is resumed without loss", async (kind) => {
  await reset();
  const [before, hoursBefore] = [await samples(), await hours()];
  let nth = 0;
  // Every second one of the calls whose answer is lost.
  for (; ; nth += kind === "before" ? 1 : 2) {
    await reset();
    await world.supervise();
    const appointed = (await readAppointedMonth(db, world.site.id))!;
    const engine = new MemoryEngine();
    // Crashing before a read equals crashing after the call before it.
    const crash = new CrashPoint(nth, kind, kind === "before" ? isWrite : undefined);
    const isEnded = await world.run(engine, crash);
    expect(await samples()).toEqual(before);
    expect(await hours()).toEqual(hoursBefore);
    if (!crash.happened) break;
    if (!isEnded) await world.run(engine, alive(), appointed);
    await world.build();
    await expectBuilt(before);
    expect(await hours()).toEqual(hoursBefore);
  }
  expect(nth).toBeGreaterThan(kind === "before" ? 6 : 30);
});

describe("between any two calls of a build", () => {
  /**
   * Runs a build once for every few of its calls, with an action right after that call; then builds what is due.
   * @returns runs
   */
  async function interrupted(
    stride: number,
    elsewhere: () => Promise<unknown>,
    check: () => Promise<void>,
  ): Promise<number> {
    for (let runs = 0; ; runs++) {
      await reset();
      await world.supervise();
      let calls = 0;
      let isDone = false;
      const watched = new CrashPoint(FOREVER, "before", undefined, async () => {
        if (isDone || calls++ < runs * stride) return;
        isDone = true;
        await elsewhere();
      });
      expect(await world.run(new MemoryEngine(), watched)).toBe(true);
      if (!isDone) return runs;
      await check();
      world.rest();
      await world.build();
      await check();
      expect((await world.query()).answer.cold.requests).toBe(1);
    }
  }

  test("a day may be published anew", async () => {
    await reset();
    const old = await samples();
    const late = `c ${dayStart(world.day(4)) + 1} 99`;
    const times = await interrupted(
      3,
      async () => {
        await world.store(4, [[2, 1, 99]]);
        await world.settle(4);
      },
      async () => expect(await samples()).toEqual([...old, late].sort()),
    );
    expect(times).toBeGreaterThan(8);
  });

  test("late samples may come to a day", async () => {
    await reset();
    const old = await samples();
    const late = `b ${dayStart(world.day(5)) + 7} 1.5`;
    const times = await interrupted(
      4,
      () => world.store(5, [[1, 7, 1.5]]),
      async () => {
        expect(await samples()).toEqual([...old, late].sort());
        // Settling writes it into the day's file.
        await world.settle(5).catch(() => undefined);
      },
    );
    expect(times).toBeGreaterThan(8);
  });

  test("a day may be deleted: no file has its samples then", async () => {
    await reset();
    const kept = (await samples()).filter((line) => {
      const time = Number(line.split(" ")[1]);
      return time < dayStart(world.day(8)) || time >= dayStart(world.day(9));
    });
    const times = await interrupted(
      4,
      () => deleteDay({ db, bucket: env.TIMESERIES }, world.site, world.day(8), world.time),
      async () => {
        expect(await samples()).toEqual(kept);
        const keys = await keysOf(env.TIMESERIES, "timeseries/");
        expect(keys).not.toContain(dayFileKey(world.site.name, world.day(8)));
        const row = await world.row();
        if (keys.includes(monthKey())) expect(row?.days[7]).toBeNull();
        else expect(row?.file ?? null).toBeNull();
      },
    );
    expect(times).toBeGreaterThan(8);
  });

  test("the month may be given to another instance, which builds it alone", async () => {
    await reset();
    const before = await samples();
    for (let nth = 0; ; nth += 2) {
      await reset();
      await world.supervise();
      let calls = 0;
      let isDone = false;
      const watched = new CrashPoint(FOREVER, "before", undefined, async () => {
        if (isDone || calls++ < nth) return;
        isDone = true;
        const row = await world.row();
        if (row?.instance != null) world.states.set(row.instance, { is: "ended", reason: "it was terminated" });
        world.rest();
        await world.build();
        expect(await samples()).toEqual(before);
      });
      await world.run(new MemoryEngine(), watched);
      expect(await samples()).toEqual(before);
      if (!isDone) break;
      world.rest();
      await world.build();
      // A step of the old instance may have put the same bytes again.
      await expectBuilt(before);
    }
  });
});
