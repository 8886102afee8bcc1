import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BUILT_WORKERS, buildWorkers } from "@building-vitals/local/built-workers";

/** Builds the Workers once for all projects and for the commands that tests start. */
export default async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (process.env[BUILT_WORKERS] !== undefined) return undefined;
  const folder = await mkdtemp(join(tmpdir(), "building-vitals-built-"));
  const file = join(folder, "workers.json");
  await writeFile(file, JSON.stringify(await buildWorkers()));
  process.env[BUILT_WORKERS] = file;
  return () => rm(folder, { recursive: true });
}
