import { setTimeout as sleep } from "node:timers/promises";
import { type OperationCounts, minus, times } from "@building-vitals/local/costs/counts";
import type { JobName, Measured } from "@building-vitals/local/costs/measured";
import { dayOf, dayText } from "@building-vitals/core/domain/day";
import type { CountedRun } from "@building-vitals/local/costs/terms";
import { z } from "zod";
import { measureMonths } from "./measure-months.ts";
import { type Days, QueryMeter, type QueryRuns } from "./measure-queries.ts";
import { ADMIN_TOKEN, MeteredSite } from "./site.ts";

const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];
const SYNC = "*/5 * * * *";
const HOURLY = "6 * * * *";
const DAILY = "21 3 * * *";
/** The first whole hot day. The Workers run from 22:00 of the next day to the morning of the third. */
const FIRST_HOT = Date.UTC(2026, 1, 13);
const LOOKBACK_HOURS = 46;
/** Backfilled days of two months. The first backfill is measured. */
const BACKFILLED = [daysFrom(Date.UTC(2025, 11, 9), 4), daysFrom(Date.UTC(2026, 0, 9), 6)] as const;
const SYNCS_PER_HOUR = 12;
const HEADERS = { authorization: `Bearer ${ADMIN_TOKEN}`, "content-type": "application/json" };

function daysFrom(start: number, days: number): Days {
  const first = dayOf(start);
  return { first, end: first + days };
}

/** Measurements of a site of one size. */
export interface SiteMeasurements {
  readonly jobs: Record<JobName, CountedRun[]>;
  readonly queries: QueryRuns;
  /** what settling adds to the next hourly run: nothing, so the model has no such job */
  readonly afterSettling: OperationCounts;
  readonly bytes: Measured["bytes"];
}

export interface MeasureOptions {
  readonly points: number;
  /** whether to measure CPU too, which takes many runs of each query */
  readonly cpu: boolean;
}

/** Runs each job of a site after some quiet days, and each kind of query. */
export async function measureSite({ points, cpu }: MeasureOptions): Promise<SiteMeasurements> {
  const start = FIRST_HOT + LOOKBACK_HOURS * HOUR;
  const site = await MeteredSite.start({ points, lookbackHours: LOOKBACK_HOURS, start, cpu });
  try {
    return await runSite(site, points);
  } finally {
    await site.close();
  }
}

async function runSite(site: MeteredSite, points: number): Promise<SiteMeasurements> {
  const midnight = FIRST_HOT + 2 * DAY;
  const at = (hours: number, minutes: number) => site.setClock(midnight + hours * HOUR + minutes * MINUTE);
  const sync = () => site.cron("etl", SYNC);
  const hourly = () => site.cron("etl", HOURLY);
  /** an hour's samples, rolled up and judged */
  const hour = async (hours: number): Promise<OperationCounts> => {
    await at(hours, 20);
    await sync();
    await at(hours, 22);
    return site.measure(1, hourly);
  };

  await catchUp(site, site.options.start);
  await site.measure(1, hourly);
  const bytesBefore = site.d1Bytes;
  const [backfilled, ...others] = BACKFILLED;
  const backfilledDays = backfilled.end - backfilled.first;
  const backfill = await site.measure(2, () => backfillDays(site, backfilled));
  const d1PerPointDay = (site.d1Bytes - bytesBefore) / (points * backfilledDays);
  await hour(-2);
  const settledDay = await site.measure(1, () => settle(site));
  const again = { day: dayText(dayOf(FIRST_HOT)) };
  await site.ask("/etl/settle", { method: "POST", headers: HEADERS, body: JSON.stringify(again) });
  const settledAgain = await site.measure(1, () => settle(site));

  /** @param from the previous sync, epoch ms */
  const anHourOfSyncs = (from: number): Promise<OperationCounts> => {
    let now = from;
    const fiveMinutesOn = async () => {
      await site.setClock((now += 5 * MINUTE));
      await sync();
    };
    return site.measure(1, fiveMinutesOn, SYNCS_PER_HOUR);
  };
  // at :26 to :21, so that one sync stores into two hours, as a cron that starts late does
  const before = site.d1Bytes;
  const quietSync = await anHourOfSyncs(midnight - 2 * HOUR + 21 * MINUTE);
  // an hour's rows come in a dozen syncs, and leave pages less full than rows that come at once
  const d1PerSample = (site.d1Bytes - before) / (points * 60);
  const supervise = await site.measure(1, () => site.cron("backfill", SYNC), SYNCS_PER_HOUR);
  await at(-1, 22);
  const quiet = await site.measure(1, hourly);
  const dayEnd = minus(await hour(0), quiet);
  await hour(3);
  await at(3, 23);
  const dailyCron = await site.measure(1, () => site.cron("etl", DAILY));
  await settle(site);
  const afterSettling = minus(await hour(4), quiet);
  const r2PerSample = await fileBytesPerSample(site, backfilledDays + 2);
  const now = midnight + 4 * HOUR + 22 * MINUTE;
  const meter = await QueryMeter.of(site);
  const queries = await meter.ofDays({ coldFrom: backfilled.first, now });
  for (const days of others) await backfillDays(site, days);
  const built = await measureMonths(site, { months: BACKFILLED, now, supervise, queries: meter });
  const moves = (await lastSeenOf(site)) + DAY;
  await site.setClock(moves - 5 * MINUTE);
  await catchUp(site, moves - 6 * MINUTE);
  const lastSeen = times(SYNCS_PER_HOUR, minus(await anHourOfSyncs(moves - 5 * MINUTE), quietSync));
  const once = (counts: OperationCounts): CountedRun[] => [{ points, days: 0, counts }];
  return {
    jobs: {
      sync: once(quietSync),
      lastSeen: once({ ...lastSeen, requests: 0, logEvents: 0 }),
      supervise: once(supervise),
      hour: once(quiet),
      dayEnd: once({ ...dayEnd, requests: 0 }),
      dailyCron: once(dailyCron),
      settledDay: once(minus(settledDay, supervise)),
      settledAgain: once(minus(settledAgain, supervise)),
      backfilledDay: once(times(1 / backfilledDays, backfill)),
      ...built.jobs,
    },
    queries: { ...queries, ...built.queries },
    afterSettling: { ...afterSettling, requests: 0 },
    bytes: {
      d1PerSample,
      d1PerPointDay,
      d1PerPackedPointDay: built.d1PerPointDay,
      r2PerSample,
      r2MonthPerSample: built.r2PerSample,
    },
  };
}

const watermarkSchema = z.array(z.object({ watermark: z.int().nullable() }));

/** Syncs until the watermark reaches a time, epoch ms. */
async function catchUp(site: MeteredSite, time: number): Promise<void> {
  for (;;) {
    await site.cron("etl", SYNC);
    const [state] = watermarkSchema.parse(await site.rows("SELECT watermark FROM sync_state"));
    if ((state?.watermark ?? 0) >= time) return;
  }
}

const lastSeenSchema = z.tuple([z.object({ at: z.int() })]);

/** The points' `last_seen`; samples a day later move it. */
async function lastSeenOf(site: MeteredSite): Promise<number> {
  return lastSeenSchema.parse(await site.rows("SELECT max(last_seen) AS at FROM points"))[0].at;
}

const dueSchema = z.array(z.object({ instance: z.string().nullable() }));

/** Settles all due days: the supervisor starts the first instance, each instance the next. */
async function settle(site: MeteredSite): Promise<void> {
  await site.cron("backfill", SYNC);
  while (dueSchema.parse(await site.rows("SELECT instance FROM settle_days WHERE instance IS NOT NULL")).length > 0)
    await sleep(100);
}

const jobSchema = z.array(z.object({ status: z.string() }));

async function backfillDays(site: MeteredSite, { first, end }: Days): Promise<void> {
  const body = JSON.stringify({ start_date: dayText(first), end_date: dayText(end - 1) });
  await site.ask("/backfill/backfill/start", { method: "POST", headers: HEADERS, body });
  for (;;) {
    const [job] = jobSchema.parse(await site.rows("SELECT status FROM backfill_jobs ORDER BY started_at DESC LIMIT 1"));
    if (job?.status === "completed") return;
    if (job?.status !== "in_progress") throw new Error(`the backfill is ${job?.status ?? "not there"}`);
    await sleep(100);
  }
}

const filesSchema = z.array(z.object({ state: z.string(), bytes: z.int(), rows: z.int() }));

async function fileBytesPerSample(site: MeteredSite, days: number): Promise<number> {
  const files = filesSchema.parse(await site.rows("SELECT state, bytes, rows FROM day_files"));
  if (files.length !== days || files.some(({ state }) => state !== "written")) {
    throw new Error(`not the day files that should be there: ${JSON.stringify(files)}`);
  }
  const sum = (of: (file: (typeof files)[number]) => number) => files.reduce((all, file) => all + of(file), 0);
  return sum(({ bytes }) => bytes) / sum(({ rows }) => rows);
}
