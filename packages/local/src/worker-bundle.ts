import { fileURLToPath } from "node:url";
import { type BuildOptions, build } from "esbuild";
import type { DoorOptions } from "./in-worker/local-door.ts";
import { shiftClock } from "./in-worker/shift-clock.ts";

const DOOR = fileURLToPath(new URL("./in-worker/local-door.ts", import.meta.url));

/** A Worker as one module for workerd, bundled with the conditions that wrangler uses. @param main its main module */
export async function bundleWorker(main: string): Promise<string> {
  return bundle({ entryPoints: [main] });
}

/**
 * The same behind the door of a local run, by a clock that may be shifted. A deployment's bundle holds neither.
 * @param clockOffsetMs added to what the Worker takes for now
 */
export async function bundleLocalWorker(main: string, door: DoorOptions, clockOffsetMs: number): Promise<string> {
  const contents = `import worker from ${JSON.stringify(main)};
import { localDoor } from ${JSON.stringify(DOOR)};
export * from ${JSON.stringify(main)};
export default localDoor(worker, ${JSON.stringify(door)});`;
  // before any module of the Worker, which may keep a reference to Date.now
  const clock = clockOffsetMs === 0 ? "" : `(${shiftClock.toString()})(${clockOffsetMs});`;
  return bundle({
    stdin: { contents, resolveDir: fileURLToPath(new URL(".", import.meta.url)) },
    banner: { js: clock },
  });
}

async function bundle(entry: Pick<BuildOptions, "entryPoints" | "stdin" | "banner">): Promise<string> {
  const { outputFiles } = await build({
    ...entry,
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    external: ["node:*", "cloudflare:*"],
    logLevel: "silent",
  });
  const [file] = outputFiles;
  if (file === undefined) throw new Error("esbuild has built nothing");
  return file.text;
}
