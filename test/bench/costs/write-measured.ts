import { readdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { MEASURED_FILE, type Measured } from "@building-vitals/local/costs/measured";
import { z } from "zod";
import { fitSites } from "./fit.ts";
import { measureSite } from "./measure.ts";

/** Everything goes by a line between them. Whole blocks of points: what a site of some blocks takes lies on it to the row. */
const FEW_POINTS = 128;
const MANY_POINTS = 512;

/** Counts everything again, and writes the file. @param say receives the progress */
export async function writeMeasured(say: (line: string) => void): Promise<void> {
  const at = async (points: number) => {
    say(`measuring a site of ${points} points`);
    return measureSite({ points, cpu: true });
  };
  const fitted = fitSites(await at(FEW_POINTS), await at(MANY_POINTS));
  const workerd = createRequire(import.meta.url).resolve("miniflare/package.json");
  const { version } = z.object({ version: z.string() }).parse(JSON.parse(await readFile(workerd, "utf8")));
  const migrations = await readdir(new URL("../../../migrations/", import.meta.url));
  const measured: Measured = {
    command: "npm run costs -- --measure",
    date: new Date().toISOString().slice(0, 10),
    versions: { node: process.version, miniflare: version, migration: migrations.sort().at(-1) ?? "" },
    points: [FEW_POINTS, MANY_POINTS],
    ...fitted,
  };
  // numbers that fit a line stand on one, as the formatter has it
  const text = JSON.stringify(measured, null, 2).replace(/\[\s+(\d+),\s+(\d+)\s+\]/g, "[$1, $2]");
  await writeFile(MEASURED_FILE, `${text}\n`);
  say(`written: ${MEASURED_FILE}`);
}
