import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/**
 * Takes a state folder for this process: a second workerd on the same files would know nothing of what the first has in
 * memory, and both would write. The lock is that of an SQLite file, so the system gives it back whatever ends the process.
 * @returns lets go of it
 * @throws Error that names STATE_DIR where another process has the folder, or it cannot be written
 */
export function lockState(folder: string): () => void {
  let file: DatabaseSync | undefined;
  try {
    mkdirSync(folder, { recursive: true });
    file = new DatabaseSync(join(folder, "lock.sqlite"), { timeout: 0 });
    file.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    file?.close();
    const reason = error instanceof Error ? error.message : String(error);
    if (reason !== "database is locked") throw new Error(`STATE_DIR: ${reason}`, { cause: error });
    throw new Error(`${folder} is in use by another start: stop that, or set STATE_DIR to another folder.`, {
      cause: error,
    });
  }
  const taken = file;
  return () => taken.close();
}
