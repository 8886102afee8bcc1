import { join } from "node:path";
import { readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

// Holds the lock of a state folder for a start, and outlives it. Standard input lists the pids of the workerds that
// write to the folder, one per line (`-` before one that has ended). The end of the input means that the start has
// ended: the keeper ends those workerds, and releases the folder when none of them can write any more.

/** How long a start waits for the folder, ms: after a kill the earlier start's keeper needs a moment. */
const LOCK_WAIT_MS = 2_000;

/** A killed process is gone within this time, ms, or hangs in the kernel and never writes again. */
const END_WAIT_MS = 10_000;
const LOOK_EVERY_MS = 10;

const [folder = "."] = process.argv.slice(2);

/** Ctrl-C reaches every process of a terminal; the keeper ends after its start, by the end of its input. */
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});

/** A zombie counts as gone: it has no open file, and some inits never reap it. */
function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return true;
  }
  try {
    return /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    // no such file outside Linux
    return false;
  }
}

function takeLock(): DatabaseSync {
  const file = new DatabaseSync(join(folder, "lock.sqlite"), { timeout: LOCK_WAIT_MS });
  file.exec("BEGIN EXCLUSIVE");
  return file;
}

let lock: DatabaseSync | undefined;
try {
  lock = takeLock();
  console.log("locked");
} catch (error) {
  console.log(error instanceof Error ? error.message : String(error));
}
if (lock !== undefined) {
  const pids = new Set<number>();
  for await (const line of createInterface({ input: process.stdin })) {
    const pid = Number(line);
    if (pid < 0) pids.delete(-pid);
    else pids.add(pid);
  }
  for (const pid of pids) if (!isGone(pid)) process.kill(pid, "SIGKILL");
  const until = performance.now() + END_WAIT_MS;
  while ([...pids].some((pid) => !isGone(pid)) && performance.now() < until) await sleep(LOOK_EVERY_MS);
  lock.close();
}
