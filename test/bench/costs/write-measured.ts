import { readdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { JOB_NAMES, MEASURED_FILE, QUERY_NAMES, type QueryName } from "@building-vitals/local/costs/measured";
import { fitTerms } from "@building-vitals/local/costs/terms";
import { z } from "zod";
import { measureSite } from "./measure.ts";

/** Points of the two measured sites: whole blocks, because the counts of whole blocks are linear. */
const FEW_POINTS = 128;
const MANY_POINTS = 512;

/** Queries of named points: the site's size matters only because its points are farther apart. */
const NAMED: ReadonlySet<QueryName> = new Set<QueryName>(["hotRaw", "coldRaw", "monthRaw", "daily"]);

/** Measures all jobs and queries, and writes the file. @param say receives the progress */
export async function writeMeasured(say: (line: string) => void): Promise<void> {
  const at = async (points: number) => {
    say(`measuring a site of ${points} points`);
    return measureSite({ points, cpu: true });
  };
  const few = await at(FEW_POINTS);
  const many = await at(MANY_POINTS);
  const jobs = JOB_NAMES.map((name) => [name, fitTerms([...few.jobs[name], ...many.jobs[name]])]);
  const queries = QUERY_NAMES.map((name) => {
    const runs = many.queries[name];
    return [name, fitTerms(NAMED.has(name) ? runs : [...few.queries[name], ...runs])];
  });
  const miniflare = createRequire(import.meta.url).resolve("miniflare/package.json");
  const { version } = z.object({ version: z.string() }).parse(JSON.parse(await readFile(miniflare, "utf8")));
  const migrations = await readdir(new URL("../../../migrations/", import.meta.url));
  const measured = {
    command: "npm run costs -- --measure",
    date: new Date().toISOString().slice(0, 10),
    versions: { node: process.version, miniflare: version, migration: migrations.sort().at(-1) ?? "" },
    points: [FEW_POINTS, MANY_POINTS],
    bytes: many.bytes,
    jobs: Object.fromEntries(jobs),
    queries: Object.fromEntries(queries),
  };
  // counts of 0 are left out; short arrays stand on one line, as the formatter writes them
  const text = JSON.stringify(measured, (_, value: unknown) => (value === 0 ? undefined : value), 2);
  await writeFile(MEASURED_FILE, `${text.replace(/\[\s+(\d+),\s+(\d+)\s+\]/g, "[$1, $2]")}\n`);
  say(`written: ${MEASURED_FILE}`);
}
