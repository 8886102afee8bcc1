import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { monthDays, monthOf } from "@building-vitals/core/domain/month";
import { applyMigrations, readMigrations } from "@building-vitals/local/migrations";
import type { Miniflare } from "miniflare";
import { z } from "zod";
import { startWorkerd } from "./workerd.ts";
import { HOT_END, type YearSize } from "./year-size.ts";

const WORKER = fileURLToPath(new URL("worker/year/index.ts", import.meta.url));
const MIGRATIONS = fileURLToPath(new URL("../../migrations", import.meta.url));
const DAY_MS = 86_400_000;

/** The days of a site's year, whole days since 1970, half-open: [first, files) [files, kept) [kept, open) [open, end). */
export function daysOf({ days, openDays, keptDays, fileDays }: YearSize) {
  const end = HOT_END / DAY_MS;
  const open = end - openDays;
  const kept = open - keptDays;
  return { first: end - days, files: kept - fileDays, kept, open, end };
}

/** Bytes of `DB`, the site's database, when a part of the year has been built. */
const bytesSchema = z.object({ start: z.int(), aggregates: z.int(), end: z.int() });
type BytesOfD1 = z.infer<typeof bytesSchema>;
const builtSchema = z.object({ version: z.string(), bytes: bytesSchema });

/** A site's year in workerd. */
export interface SiteYear {
  readonly miniflare: Miniflare;
  readonly url: URL;
  /** how long it took to build, in seconds; null: it was kept from an earlier run */
  readonly builtIn: number | null;
  /** with the catalogue alone, with the days that have no row groups in D1, and with all */
  readonly bytes: BytesOfD1;
}

/** A schema that has not shipped yet changes without a version of its own. */
async function migrationsHash(): Promise<string> {
  const hash = createHash("sha256");
  for (const name of (await readdir(MIGRATIONS)).sort()) hash.update(await readFile(join(MIGRATIONS, name)));
  return hash.digest("hex").slice(0, 16);
}

async function start(folder: string, size: YearSize): Promise<{ miniflare: Miniflare; url: URL; version: string }> {
  const worker = { main: WORKER, databases: ["DB", "ROWS"], bindings: { YEAR: size } };
  const miniflare = await startWorkerd(worker, join(folder, "state"));
  const url = await miniflare.ready;
  const { version } = z.object({ version: z.string() }).parse(await (await fetch(new URL("/version", url))).json());
  return { miniflare, url, version: `${version}/${await migrationsHash()}` };
}

/**
 * Starts workerd on a site's year, and builds the year if the folder has none, or one of another format, schema or
 * size.
 * @param say receives the progress
 */
export async function startSiteYear(folder: string, size: YearSize, say: (line: string) => void): Promise<SiteYear> {
  const marker = join(folder, "built.json");
  const text = await readFile(marker, "utf8").catch(() => null);
  const built = text === null ? null : builtSchema.parse(JSON.parse(text));
  let running = await start(folder, size);
  if (built?.version === running.version) return { ...running, builtIn: null, bytes: built.bytes };
  await running.miniflare.dispose();
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  running = await start(folder, size);
  const started = performance.now();
  try {
    const db = await running.miniflare.getD1Database("DB");
    await applyMigrations(db, await readMigrations());
    const bytesOfD1 = async () => (await db.prepare("SELECT 1").run()).meta.size_after;
    const bytes = await build(running.url, size, bytesOfD1, say);
    await writeFile(marker, JSON.stringify({ version: running.version, bytes }));
    return { ...running, builtIn: (performance.now() - started) / 1000, bytes };
  } catch (error) {
    await running.miniflare.dispose();
    throw error;
  }
}

async function build(
  url: URL,
  size: YearSize,
  bytesOfD1: () => Promise<number>,
  say: (line: string) => void,
): Promise<BytesOfD1> {
  const { first, files, kept, open, end } = daysOf(size);
  const days = <T>(from: number, to: number, step: (day: number) => T) =>
    Array.from({ length: to - from }, (_, i) => step(from + i));
  // a month is packed as soon as it is whole, so that the next ones take the pages that it frees
  const packed = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, i) => monthOf(from) + i)
      .filter((month) => monthDays(month).first >= first && monthDays(month).end > from && monthDays(month).end <= to)
      .map((month) => `/build/packed?month=${month}`);
  const closed = [
    ...days(files, kept, (day) => `/build/file?day=${day}`),
    ...days(first, files, (day) => [`/build/rows?day=${day}&like=${files}`, ...packed(day, day + 1)]).flat(),
    ...packed(files, kept),
  ];
  const recent = [
    ...days(kept, open, (day) => `/build/kept?day=${day}`),
    ...days(open, end, (day) => `/build/open?day=${day}`),
    "/build/open-hour",
  ];
  let done = 0;
  const take = async (steps: readonly string[]): Promise<number> => {
    for (const step of steps) {
      const response = await fetch(new URL(step, url));
      const answer = await response.text();
      if (!response.ok) throw new Error(`${step}: ${answer}`);
      done++;
      const all = 1 + closed.length + recent.length;
      if (done % 10 === 1) say(`building a site's year, to be kept for the next run: ${done} of ${all} steps`);
    }
    return bytesOfD1();
  };
  return { start: await take(["/build/catalog"]), aggregates: await take(closed), end: await take(recent) };
}
