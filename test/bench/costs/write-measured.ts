import { readdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { MEASURED_FILE, type Measured } from "@building-vitals/local/costs/measured";
import { z } from "zod";
import { fitSites } from "./fit.ts";
import { measureSite } from "./measure.ts";

const QUICK_SIZES = [100, 500] as const;
const FULL_SIZES = [500, 4_583] as const;

/** Counts it all anew, and writes it down. @param say is told how far it has come */
export async function writeMeasured(full: boolean, say: (line: string) => void): Promise<void> {
  const [few, many] = full ? FULL_SIZES : QUICK_SIZES;
  const at = async (points: number) => {
    say(`measuring a site of ${points} points`);
    return measureSite({ points, cpu: true });
  };
  const fitted = fitSites(await at(few), await at(many));
  const workerd = createRequire(import.meta.url).resolve("miniflare/package.json");
  const { version } = z.object({ version: z.string() }).parse(JSON.parse(await readFile(workerd, "utf8")));
  const migrations = await readdir(new URL("../../../migrations/", import.meta.url));
  const measured: Measured = {
    command: `npm run costs -- --measure${full ? " --full" : ""}`,
    date: new Date().toISOString().slice(0, 10),
    versions: { node: process.version, miniflare: version, migration: migrations.sort().at(-1) ?? "" },
    points: [few, many],
    ...fitted,
  };
  await writeFile(MEASURED_FILE, `${JSON.stringify(measured, null, 2)}\n`);
  say(`written: ${MEASURED_FILE}`);
}
