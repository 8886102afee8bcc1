import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BUILT_WORKERS } from "@building-vitals/local/built-workers";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/**
 * What local commands of tests inherit from this process. The compile cache and the built Workers only save CPU at a
 * start.
 */
export const BARE_ENVIRONMENT = Object.fromEntries(
  ["PATH", "HOME", "NODE_COMPILE_CACHE", BUILT_WORKERS].map((name) => [name, process.env[name] ?? ""]),
);

/** A local command (`npm start`, `npm run dev`) as its user sees it: its output and its end. */
export class LocalProcess {
  readonly #child: ChildProcess;
  #output = "";
  #watchers: (() => void)[] = [];

  /**
   * @param script under packages/local/src @param environment added to a bare one that inherits nothing else from this
   * process
   */
  constructor(script: "start.ts" | "dev.ts", environment: Record<string, string>) {
    this.#child = spawn(process.execPath, [join(ROOT, "packages/local/src", script)], {
      cwd: ROOT,
      env: { ...BARE_ENVIRONMENT, ...environment },
    });
    const read = (data: Buffer): void => {
      this.#output += data.toString();
      for (const watcher of this.#watchers) watcher();
    };
    this.#child.stdout?.on("data", read);
    this.#child.stderr?.on("data", read);
  }

  get output(): string {
    return this.#output;
  }

  /** Waits until the output contains `text`. @throws Error with the whole output, if the command ends before */
  async printed(text: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (this.#output.includes(text)) resolve();
      };
      this.#watchers.push(look);
      this.#child.once("close", () => reject(new Error(`ended without printing ${text}:\n${this.#output}`)));
      look();
    });
  }

  /** Waits for the end of the command. Returns its exit code. */
  async ended(): Promise<number | null> {
    if (this.#child.exitCode === null) await once(this.#child, "close");
    return this.#child.exitCode;
  }

  /** The pids of its workerd processes. Linux only. */
  async workerds(): Promise<number[]> {
    const children = `/proc/${this.#child.pid}/task/${this.#child.pid}/children`;
    const pids = (await readFile(children, "utf8")).trim().split(" ").map(Number);
    const names = await Promise.all(pids.map(async (pid) => (await readFile(`/proc/${pid}/comm`, "utf8")).trim()));
    return pids.filter((_, i) => names[i] === "workerd");
  }

  /** Kills its workerd, as a crash or a power failure would: workerd cannot react. */
  async killWorkerd(): Promise<void> {
    const pids = await this.workerds();
    if (pids.length === 0) throw new Error("no child process is a workerd");
    for (const pid of pids) process.kill(pid, "SIGKILL");
  }

  /** Kills the command by SIGKILL; it cannot react. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await once(this.#child, "exit");
  }

  /** Ctrl-C. */
  async interrupt(): Promise<number | null> {
    this.#child.kill("SIGINT");
    return this.ended();
  }
}

/** Whether a process still runs. A zombie, whose exit code nobody has read, does not. */
export async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "latin1").catch(() => "");
  return stat !== "" && !/\) [ZX] /.test(stat);
}
