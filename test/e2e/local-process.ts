import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** A local command (`npm start`, `npm run dev`) as its user sees it: what it prints, and how it ends. */
export class LocalProcess {
  readonly #child: ChildProcess;
  #output = "";
  #watchers: (() => void)[] = [];

  /** @param script under packages/local/src @param environment over a bare one: nothing of this process leaks in */
  constructor(script: "start.ts" | "dev.ts", environment: Record<string, string>) {
    this.#child = spawn(process.execPath, [join(ROOT, "packages/local/src", script)], {
      cwd: ROOT,
      env: { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "", ...environment },
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

  /** Waits until it has printed the text. @throws Error with all that it printed, when it ends before */
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

  /** Waits for its end; its exit code. */
  async ended(): Promise<number | null> {
    if (this.#child.exitCode === null) await once(this.#child, "close");
    return this.#child.exitCode;
  }

  /** Kills the workerd that it runs, as a crash or the machine's end would: it can do nothing about it. Linux only. */
  async killWorkerd(): Promise<void> {
    const children = `/proc/${this.#child.pid}/task/${this.#child.pid}/children`;
    const pids = (await readFile(children, "utf8")).trim().split(" ").map(Number);
    for (const pid of pids) {
      const name = (await readFile(`/proc/${pid}/comm`, "utf8")).trim();
      if (name === "workerd") return void process.kill(pid, "SIGKILL");
    }
    throw new Error(`none of the child processes ${pids.join(", ")} is a workerd`);
  }

  /** Ctrl-C. */
  async interrupt(): Promise<number | null> {
    this.#child.kill("SIGINT");
    return this.ended();
  }
}
