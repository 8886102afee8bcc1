import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { lockState } from "./state-lock.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "building-vitals-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Starts a process that locks the folder and has a fake workerd. @returns the process, and the workerd's pid */
async function startLocked(state: string): Promise<{ start: ChildProcess; workerd: number }> {
  const workerd = join(folder, "workerd");
  symlinkSync(process.execPath, workerd);
  const lock = fileURLToPath(new URL("./state-lock.ts", import.meta.url));
  const script = `const { lockState } = await import(${JSON.stringify(lock)});
    await lockState(${JSON.stringify(state)});
    const { spawn } = await import("node:child_process");
    const child = spawn(${JSON.stringify(workerd)}, ["-e", "setInterval(() => {}, 1000); console.log('up')"]);
    child.stdout.once("data", () => console.log(child.pid));`;
  const start = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "ignore"] });
  for await (const line of createInterface({ input: start.stdout })) return { start, workerd: Number(line) };
  throw new Error("the process ended without a pid");
}

function isWriting(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}

test("a state folder is created, belongs to one start at a time, and is freed", async () => {
  const state = join(folder, "new", "state");
  const release = await lockState(state);
  await expect(lockState(state)).rejects.toThrow(`${state} is in use by another start`);
  const releaseOther = await lockState(join(folder, "other"));
  await release();
  await (
    await lockState(state)
  )();
  await releaseOther();
});

test("a folder that is not writable is named", async () => {
  const file = join(folder, "file");
  writeFileSync(file, "");
  await expect(lockState(join(file, "state"))).rejects.toThrow(/^STATE_DIR: /);
});

test("after a start is killed, its workerd ends before the folder is free", async () => {
  const state = join(folder, "state");
  const { start, workerd } = await startLocked(state);
  expect(isWriting(workerd)).toBe(true);
  start.kill("SIGKILL");
  const release = await lockState(state);
  expect(isWriting(workerd)).toBe(false);
  await release();
});

test("a start whose keeper is killed ends, and its workerd with it", async () => {
  const { start, workerd } = await startLocked(join(folder, "state"));
  const children = readFileSync(`/proc/${start.pid}/task/${start.pid}/children`, "utf8").trim().split(" ").map(Number);
  const keeper = children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("state-keeper"));
  process.kill(keeper!, "SIGKILL");
  const [code] = await once(start, "exit");
  expect(code).toBe(1);
  await vi.waitFor(() => expect(isWriting(workerd)).toBe(false), { timeout: 5_000 });
});
