import { migratedDatabase } from "@building-vitals/core/test/database";
import { MonthSite } from "@building-vitals/core/test/month-site";
import { readMonthFiles } from "@building-vitals/core/manifest/month-files";
import { monthFileKey } from "@building-vitals/core/r2/month-file-key";
import { dayOf } from "@building-vitals/core/domain/day";
import { monthOf } from "@building-vitals/core/domain/month";
import { createScheduledController } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import worker from "../src/index.ts";
import { clear, keys, SITE, simulateUpstream, watchWorkflow } from "./service.ts";

const MONTH = monthOf(dayOf(Date.now())) - 2;
const DAYS = [1, 2, 3, 4, 28];

beforeAll(migratedDatabase);
/** One site, so that each cron run maintains it. The Workflow reads its settings from there too. */
const setSites = (month_files: boolean) =>
  Reflect.set(env, "SITES", JSON.stringify([{ name: SITE, timezone: "America/Chicago", month_files }]));

beforeEach(async () => {
  await clear();
  setSites(true);
  for (const method of ["log", "error"] as const) vi.spyOn(console, method).mockImplementation(() => undefined);
});
const SITES: unknown = Reflect.get(env, "SITES");
afterEach(() => {
  Reflect.set(env, "SITES", SITES);
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const cron = () =>
  worker.scheduled(createScheduledController({ cron: "*/5 * * * *", scheduledTime: Date.now() }), { ...env });

/** A site with day files for five days of the month before last. */
async function fiveDays(): Promise<MonthSite> {
  const site = await MonthSite.of(env.DB, SITE, MONTH, ["a", "b"]);
  await site.settleAll(DAYS, (day) => [
    [0, 1_000, day],
    [1, 2_000, -day],
  ]);
  return site;
}

const row = async (site: MonthSite) => (await readMonthFiles(env.DB, site.site.id, MONTH, MONTH + 1))[0];
const untilBuilt = (site: MonthSite) =>
  vi.waitFor(async () => expect(await row(site)).toMatchObject({ instance: null, builtAt: expect.any(Number) }), {
    timeout: 30_000,
    interval: 50,
  });

test("the cron builds the file of a settled month, and queries read it", async () => {
  await using _ = await watchWorkflow();
  simulateUpstream();
  const site = await fiveDays();
  const before = await site.query();
  expect(before.lines).toHaveLength(2 * DAYS.length);
  expect(before.answer.cold.requests).toBe(DAYS.length);
  await cron();
  await untilBuilt(site);
  expect(await row(site)).toMatchObject({ generation: 1, located: 1, attempts: 0, reason: null });
  expect(await keys("timeseries/")).toContain(monthFileKey(SITE, MONTH));
  const after = await site.query();
  expect(after.lines).toEqual(before.lines);
  expect(after.answer.cold.requests).toBe(1);
  await vi.waitFor(async () => expect(await keys("staging/")).toEqual([]));
  // no month is due any more
  await cron();
  expect(await row(site)).toMatchObject({ generation: 1, instance: null });
});

test("a site without month files has packed aggregates", async () => {
  await using _ = await watchWorkflow();
  simulateUpstream();
  const site = await fiveDays();
  const before = await site.query();
  setSites(false);
  await cron();
  await untilBuilt(site);
  const { builtAt } = (await row(site))!;
  expect(await row(site)).toMatchObject({ file: null, attempts: 0, reason: null });
  expect((await row(site))!.packed.filter((generation) => generation !== null)).toHaveLength(DAYS.length);
  expect(await keys("timeseries/")).not.toContain(monthFileKey(SITE, MONTH));
  expect((await site.query()).lines).toEqual(before.lines);
  // switching the setting on builds the file, switching it off deletes it
  for (const [isKept, requests] of [
    [true, 1],
    [false, DAYS.length],
  ] as const) {
    setSites(isKept);
    await cron();
    await vi.waitFor(
      async () => {
        const now = (await row(site))!;
        expect([now.instance, now.file !== null]).toEqual([null, isKept]);
      },
      { timeout: 30_000, interval: 50 },
    );
    expect((await row(site))!.builtAt).toBeGreaterThan(builtAt!);
    expect((await keys("timeseries/")).includes(monthFileKey(SITE, MONTH))).toBe(isKept);
    const { answer, lines } = await site.query();
    expect([lines, answer.cold.requests]).toEqual([before.lines, requests]);
  }
});
