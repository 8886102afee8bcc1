import { type ChildProcess, spawn } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { basename } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { z } from "zod";

const KEEPER = fileURLToPath(new URL("./state-keeper.ts", import.meta.url));

/** Node's channel of new child processes, Miniflare's workerd among them. */
const CHANNEL = "child_process";
const messageSchema = z.object({
  process: z.custom<ChildProcess>((value) => typeof value === "object" && value !== null && "spawnfile" in value),
});

/**
 * Locks a state folder for this process: a second workerd on the same files would not see what the first has in memory,
 * and both would write. A separate process (state-keeper.ts) holds the lock and ends this process's workerds when this
 * process ends, for any reason. The lock is on an SQLite file, so the system frees it.
 * @returns releases the lock, once no workerd of this process lives
 * @throws Error that names STATE_DIR if another process holds the folder, or it is not writable
 */
export async function lockState(folder: string): Promise<() => Promise<void>> {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new Error(`STATE_DIR: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  // its own process group, so that a signal to this group does not reach it
  const keeper = spawn(process.execPath, [KEEPER, folder], { stdio: ["pipe", "pipe", "inherit"], detached: true });
  // it has ended; the `exit` event reports that
  keeper.stdin.on("error", () => {});
  const answer = await firstLine(keeper);
  if (answer !== "locked") {
    if (answer !== "database is locked") throw new Error(`STATE_DIR: ${answer}`);
    throw new Error(`${folder} is in use by another start: stop that, or set STATE_DIR to another folder.`);
  }
  const workerds = new Set<ChildProcess>();
  const onSpawn = (message: unknown) => {
    const { process: child } = messageSchema.parse(message);
    child.once("spawn", () => {
      if (!basename(child.spawnfile).startsWith("workerd")) return;
      workerds.add(child);
      keeper.stdin.write(`${child.pid}\n`);
    });
    child.once("exit", () => {
      if (workerds.delete(child)) keeper.stdin.write(`-${child.pid}\n`);
    });
  };
  subscribe(CHANNEL, onSpawn);
  const onLost = () => {
    console.error(`The process that locks ${folder} has ended, so another start could write to it too.`);
    for (const child of workerds) child.kill("SIGKILL");
    process.exit(1);
  };
  keeper.once("exit", onLost);
  keeper.unref();
  return async () => {
    unsubscribe(CHANNEL, onSpawn);
    keeper.off("exit", onLost);
    const ended = once(keeper, "exit");
    keeper.ref();
    keeper.stdin.end();
    await ended;
  };
}

async function firstLine(keeper: ChildProcess & { readonly stdout: NodeJS.ReadableStream }): Promise<string> {
  const lines = createInterface({ input: keeper.stdout });
  for await (const line of lines) return line;
  return "the process that locks the folder ended at once";
}
