import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { applyMigrations } from "@building-vitals/local/migrations";
import type { Miniflare } from "miniflare";
import { z } from "zod";
import { startWorkerd } from "./workerd.ts";
import { HOT_END, type YearSize } from "./year-size.ts";

const WORKER = fileURLToPath(new URL("worker/year/index.ts", import.meta.url));
const MIGRATIONS = fileURLToPath(new URL("../../migrations", import.meta.url));
const DAY_MS = 86_400_000;

/** The days of a site's year, as whole days since 1970, half-open: [first, files) [files, hot) [hot, end). */
export function daysOf({ days, hotDays, fileDays }: YearSize) {
  const end = HOT_END / DAY_MS;
  const hot = end - hotDays;
  return { first: end - days, files: hot - fileDays, hot, end };
}

/** A site's year in workerd. */
export interface SiteYear {
  readonly miniflare: Miniflare;
  readonly url: URL;
  /** how long it took to build, in seconds; null: it was kept from an earlier run */
  readonly builtIn: number | null;
}

async function start(folder: string, size: YearSize): Promise<{ miniflare: Miniflare; url: URL; version: string }> {
  const worker = { main: WORKER, databases: ["DB", "ROWS"], bindings: { YEAR: size } };
  const miniflare = await startWorkerd(worker, join(folder, "state"));
  const url = await miniflare.ready;
  const { version } = z.object({ version: z.string() }).parse(await (await fetch(new URL("/version", url))).json());
  return { miniflare, url, version };
}

/**
 * Starts workerd on a site's year, which is built where the folder has none, or one of another format, schema or size.
 * @param say is told how far it has come
 */
export async function startSiteYear(folder: string, size: YearSize, say: (line: string) => void): Promise<SiteYear> {
  const marker = join(folder, "built");
  const built = await readFile(marker, "utf8").catch(() => null);
  let running = await start(folder, size);
  if (built === running.version) return { ...running, builtIn: null };
  await running.miniflare.dispose();
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  running = await start(folder, size);
  const started = performance.now();
  try {
    await applyMigrations(await running.miniflare.getD1Database("DB"), MIGRATIONS);
    await build(running.url, size, say);
  } catch (error) {
    await running.miniflare.dispose();
    throw error;
  }
  await writeFile(marker, running.version);
  return { ...running, builtIn: (performance.now() - started) / 1000 };
}

async function build(url: URL, size: YearSize, say: (line: string) => void): Promise<void> {
  const { first, files, hot, end } = daysOf(size);
  const steps = ["/build/catalog"];
  for (let day = files; day < hot; day++) steps.push(`/build/file?day=${day}`);
  for (let day = first; day < files; day++) steps.push(`/build/rows?day=${day}&like=${files}`);
  for (let day = hot; day < end; day++) steps.push(`/build/hot?day=${day}`);
  steps.push("/build/open-hour");
  for (const [i, step] of steps.entries()) {
    const response = await fetch(new URL(step, url));
    const answer = await response.text();
    if (!response.ok) throw new Error(`${step}: ${answer}`);
    if (i % 10 === 0) say(`building a site's year, to be kept for the next run: ${i + 1} of ${steps.length} steps`);
  }
}
