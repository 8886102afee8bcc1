import { readdirSync, readFileSync, writeFileSync } from "node:fs";

/** Linux counts CPU time in ticks of 10 ms. */
const TICKS_PER_SECOND = 100;

/** The workerd that this process has started: of its children the one of that name. Linux only. */
export function workerdPid(): number {
  for (const entry of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, "utf8");
      const [, name, parent] = /\((.*)\) \S+ (\d+)/.exec(stat) ?? [];
      if (name === "workerd" && Number(parent) === process.pid) return Number(entry);
    } catch {
      // it has ended since
    }
  }
  throw new Error("no workerd runs");
}

export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Resident memory now, or at its highest since {@link forgetPeak}, in MB. */
export function residentMb(pid: number, of: "VmRSS" | "VmHWM"): number {
  return Number(new RegExp(`${of}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
}

export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}
