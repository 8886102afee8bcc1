import type { SiteStore } from "../backfill/backfill-site.ts";
import { leniently, type Steps, STORE_STEP } from "../backfill/steps.ts";
import { loadCatalog } from "../catalog/catalog.ts";
import type { Locator } from "../parquet/locator.ts";
import { DayFileChanged, DayFileCorrupt, DayFileMissing, provesFileFault } from "../r2/file-error.ts";
import { objectStanding, readManifestDay } from "../manifest/manifest.ts";
import { batchOnBasis, generationsOf, type MonthBasis, readMonthBasis } from "../manifest/month-basis.ts";
import { readMonthFiles } from "../manifest/month-files.ts";
import { monthFileKey } from "../r2/month-file-key.ts";
import { markSuspect } from "../manifest/write-manifest.ts";
import {
  type AppointedMonth,
  dropMonthFile,
  endMonth,
  forgetObject,
  mayBuild,
  noteObject,
  notePacked,
  publishedGeneration,
  publishMonth,
} from "../manifest/write-month-files.ts";
import { withD1Retry } from "../d1/retry.ts";
import { monthText } from "../domain/month.ts";
import { log, logError } from "../telemetry/log.ts";
import { needOf } from "./due-months.ts";
import { mergePart } from "./merge-part.ts";
import { type MonthBuild, type MonthSource, MAX_POINTS_PER_STEP, type StagedPart } from "./month-build.ts";
import { deleteMonthStaging } from "./month-staging.ts";
import { type MonthToPack, packPointMonths } from "./pack-month.ts";
import { planParts } from "./plan-parts.ts";
import { putMonthFile, stagedLocators } from "./put-month-file.ts";

export interface MonthContext extends SiteStore {
  readonly bucket: R2Bucket;
  /** the month, and its assigned instance, which also names its build */
  readonly appointed: AppointedMonth;
  /** whether the site keeps month files */
  readonly keepsFiles: boolean;
  /** epoch ms */
  readonly now: () => number;
  /** Starts the instance of the site's next due month; safe to repeat. */
  readonly beginNext: () => Promise<void>;
}

/** The state at the start of a build. */
interface Start {
  readonly need: "file" | "packing" | "removal";
  readonly basis: MonthBasis;
  /** generation of the present file; 0: it has none */
  readonly generation: number;
}

/** The result of a build. `superseded`: a day changed meanwhile, or the month was assigned to another instance. */
type Outcome = { readonly is: "built" | "superseded" } | { readonly is: "failed"; readonly reason: string };

const SUPERSEDED = { is: "superseded" } as const;

/**
 * Builds what a site's month needs: its file from the files of its days, and its packed aggregates. Readers use the
 * result only once it is complete, and only while its days are unchanged. Until then they read the days.
 */
export async function runMonth(steps: Steps, context: MonthContext): Promise<void> {
  const { db, bucket, site, appointed, now, beginNext } = context;
  const about = { site: site.name, month: monthText(appointed.month) };
  const start = await steps.do("begin", STORE_STEP, () => begin(context));
  if (start !== null) {
    const outcome = await buildMonth(steps, context, start);
    const reason = outcome.is === "failed" ? outcome.reason : null;
    await steps.do("end", STORE_STEP, async () => {
      await endMonth(db, site.id, appointed, reason, now());
      if (reason === null) log(`month_${outcome.is}`, about);
      else logError("month_failed", new Error(reason), about);
    });
  }
  await leniently(steps, "remove staging", () => deleteMonthStaging(bucket, buildOf(context)));
  await leniently(steps, "begin the next", beginNext);
}

function buildOf({ site, appointed }: MonthContext): MonthBuild {
  return { build: appointed.instance, site, month: appointed.month };
}

async function begin({ db, site, appointed, keepsFiles, now }: MonthContext): Promise<Start | null> {
  if (!(await mayBuild(db, site.id, appointed))) return null;
  const { month } = appointed;
  const basis = await readMonthBasis(db, site.id, month);
  const [row] = await readMonthFiles(db, site.id, month, month + 1);
  const need = needOf(row, generationsOf(month, basis.days), keepsFiles);
  if (need !== "nothing") return { need, basis, generation: row?.file === null ? 0 : (row?.generation ?? 0) };
  await endMonth(db, site.id, appointed, null, now());
  return null;
}

async function buildMonth(steps: Steps, context: MonthContext, { need, basis, generation }: Start): Promise<Outcome> {
  try {
    switch (need) {
      case "removal":
        await steps.do("remove the file", STORE_STEP, () => removeFile(context));
        return await pack(steps, context, basis, null);
      case "packing":
        return await pack(steps, context, basis, generation === 0 ? null : { generation, parts: null });
      case "file": {
        const built = await buildFile(steps, context, basis);
        return "is" in built ? built : await pack(steps, context, basis, built);
      }
    }
  } catch (error) {
    return { is: "failed", reason: error instanceof Error ? error.message : String(error) };
  }
}

/** The result of a step on the month's days, or why the build ends. */
type Found<T> = { readonly is: "found"; readonly value: T } | Outcome;

/**
 * Runs a step that reads the month's day files. A file that differs from its manifest entry makes its day suspect, as
 * for every reader.
 * @param attempt of the step, from 1
 */
async function onDays<T>(
  { db, bucket, site, appointed, now }: MonthContext,
  basis: MonthBasis,
  attempt: number,
  read: () => Promise<T>,
): Promise<Found<T>> {
  if (!(await mayBuild(db, site.id, appointed))) return SUPERSEDED;
  try {
    return { is: "found", value: await read() };
  } catch (error) {
    const day = isOfFile(error) ? basis.days.find(({ file }) => file?.key === error.key) : undefined;
    if (day === undefined || day.file === null || !provesFileFault(error)) throw error;
    // Bytes can also be damaged in transit.
    if (error instanceof DayFileCorrupt && attempt === 1) throw error;
    const current = await readManifestDay(db, site.id, day.day);
    if (current?.generation !== day.generation) return SUPERSEDED;
    const reason = messageOf(error);
    const object = await bucket.head(day.file.key);
    // A build of the day has put it, and may have died before publishing it.
    if (object !== null && objectStanding(current, object) === "pending") return { is: "failed", reason };
    await markSuspect(db, { siteId: site.id, day: day.day, etag: day.file.etag }, reason, now());
    return { is: "failed", reason };
  }
}

function isOfFile(error: unknown): error is DayFileMissing | DayFileChanged | DayFileCorrupt {
  return error instanceof DayFileMissing || error instanceof DayFileChanged || error instanceof DayFileCorrupt;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A published month file. */
interface BuiltFile {
  readonly generation: number;
  /** staged with the points' places; null: the places in `point_months` still hold */
  readonly parts: readonly StagedPart[] | null;
}

/** Merges the days' files part by part, and publishes the month file. */
async function buildFile(steps: Steps, context: MonthContext, basis: MonthBasis): Promise<BuiltFile | Outcome> {
  const { db, bucket, site, appointed } = context;
  const { month } = appointed;
  const build = buildOf(context);
  const sources = basis.days.flatMap(({ day, state, generation, file }): MonthSource[] =>
    state === "written" && file !== null
      ? [{ day, generation, key: file.key, etag: file.etag, bytes: file.bytes }]
      : [],
  );
  const planned = await steps.do("plan", STORE_STEP, (attempt) =>
    onDays(context, basis, attempt, () => planParts(bucket, sources)),
  );
  if (planned.is !== "found") return planned;
  const parts: StagedPart[] = [];
  for (const [number, range] of planned.value.entries()) {
    const merged = await steps.do(`part ${number}`, STORE_STEP, (attempt) =>
      onDays(context, basis, attempt, () => mergePart(bucket, build, sources, range, number)),
    );
    if (merged.is !== "found") return merged;
    parts.push(merged.value);
  }
  const put = await steps.do("put", STORE_STEP, (attempt) =>
    onDays(context, basis, attempt, async () => {
      await withD1Retry(() => noteObject(db, site.id, month, monthFileKey(site.name, month)).run());
      return putMonthFile(bucket, build, sources, parts);
    }),
  );
  if (put.is !== "found") return put;
  return steps.do("publish", STORE_STEP, async () => {
    const file = { ...put.value, key: monthFileKey(site.name, month) };
    const days = generationsOf(month, basis.days);
    const results = await batchOnBasis(db, site.id, basis, [publishMonth(db, site.id, appointed, file, days)]);
    const generation = publishedGeneration(results?.[0]?.results ?? []);
    if (generation !== null) return { generation, parts };
    // The object may have deleted samples.
    await removeFile(context);
    return SUPERSEDED;
  });
}

/** Makes readers use the days, then removes the object. */
async function removeFile({ db, bucket, site, appointed }: MonthContext): Promise<void> {
  if (!(await mayBuild(db, site.id, appointed))) return;
  await withD1Retry(() => dropMonthFile(db, site.id, appointed.month, null, null).run());
  await bucket.delete(monthFileKey(site.name, appointed.month));
  await withD1Retry(() => forgetObject(db, site.id, appointed).run());
}

/** Packs the aggregates of all points of the site. @param file that `point_months` will name; null: none */
async function pack(steps: Steps, context: MonthContext, basis: MonthBasis, file: BuiltFile | null): Promise<Outcome> {
  const { db, site, appointed } = context;
  const ids = await steps.do("points", STORE_STEP, async () => {
    const catalog = await loadCatalog(db, site.id);
    return [...catalog.values()].map(({ id }) => id).sort((a, b) => a - b);
  });
  const unpacked = new Set<number>();
  for (const [number, pointIds] of chunksOf(ids, MAX_POINTS_PER_STEP).entries()) {
    const done = await steps.do(`pack ${number}`, STORE_STEP, async () => {
      if (!(await mayBuild(db, site.id, appointed))) return null;
      const to: MonthToPack = {
        siteId: site.id,
        basis,
        file: file && (await placesOf(context, file)),
      };
      return (await packPointMonths(db, to, pointIds))?.unpacked ?? null;
    });
    if (done === null) return SUPERSEDED;
    for (const day of done) unpacked.add(day);
  }
  const packed = generationsOf(appointed.month, basis.days).map((generation, i) =>
    unpacked.has(i) ? null : generation,
  );
  const noted = await steps.do("note what is packed", STORE_STEP, async () => {
    return (await batchOnBasis(db, site.id, basis, [notePacked(db, site.id, appointed, packed)])) !== null;
  });
  if (!noted) return SUPERSEDED;
  if (unpacked.size === 0) return { is: "built" };
  return { is: "failed", reason: `the aggregates of ${unpacked.size} days are damaged, so these days are not packed` };
}

/** The place of each point in the month file, by point id; `locators` null: those of `point_months` hold. */
async function placesOf(
  { db, bucket, site, appointed }: MonthContext,
  { generation, parts }: BuiltFile,
): Promise<NonNullable<MonthToPack["file"]>> {
  if (parts === null) return { generation, locators: null };
  const build = { build: appointed.instance, site, month: appointed.month };
  const catalog = await loadCatalog(db, site.id);
  const locators = new Map<number, Locator>();
  for (const number of parts.keys()) {
    for (const { name, locator } of await stagedLocators(bucket, build, parts, number)) {
      const point = catalog.get(name);
      // No query can ask for a name that the catalogue lacks.
      if (point !== undefined) locators.set(point.id, locator);
    }
  }
  return { generation, locators };
}

/** @param ids ascending @returns chunks in order, which keep the points of a row of `block_days` together */
function chunksOf(ids: readonly number[], size: number): number[][] {
  return [...Map.groupBy(ids, (id) => Math.floor(id / size)).values()];
}
