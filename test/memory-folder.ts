import { existsSync, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const SHARED_MEMORY = "/dev/shm";
/** The states of local systems, their bundles and Chromium's profiles together take less. */
const NEEDED_BYTES = 4 * 1024 ** 3;

/**
 * A new folder for temporary files, removed when this process exits. It is in memory where Linux offers enough of it:
 * the local D1 syncs its file at every call, and without a disk the tests of storage take a fifth less time.
 */
export function memoryFolder(): string {
  const folder = mkdtempSync(join(hasSharedMemory() ? SHARED_MEMORY : tmpdir(), "building-vitals-tests-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function hasSharedMemory(): boolean {
  if (!existsSync(SHARED_MEMORY)) return false;
  const { bavail, bsize } = statfsSync(SHARED_MEMORY);
  return bavail * bsize >= NEEDED_BYTES;
}
