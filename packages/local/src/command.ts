import { scheduleCrons } from "./crons.ts";
import { shiftClock } from "./in-worker/shift-clock.ts";
import { type LocalSettings, readLocalSettings } from "./settings.ts";
import type { LocalSystem } from "./system.ts";

function say(line: string): void {
  console.log(line);
}

/**
 * Starts the system, runs the command, then runs the crons until Ctrl-C. An error at the start is one line and exit
 * code 1.
 */
export async function runUntilStopped(
  command: (system: LocalSystem, settings: LocalSettings, say: (line: string) => void) => Promise<void>,
): Promise<void> {
  let system: LocalSystem | undefined;
  const stop = async (code: number) => {
    await system?.close();
    process.exit(code);
  };
  const stopOnSignals = () => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      // Miniflare ends the process itself with 130 and leaves the rest open; `stop` closes Miniflare too.
      process.removeAllListeners(signal);
      process.once(signal, () => void stop(0));
    }
  };
  stopOnSignals();
  try {
    const settings = readLocalSettings(process.env);
    // the bundles shift the Workers' clocks; this process runs the crons, the simulator and the command
    if (settings.CLOCK_OFFSET_SECONDS !== 0) shiftClock(settings.CLOCK_OFFSET_SECONDS * 1000);
    // Imported here, because it takes two seconds of CPU, and invalid settings are refused without it.
    const { startSystem } = await import("./system.ts");
    system = await startSystem(settings, say);
    stopOnSignals();
    await command(system, settings, say);
    const { workers } = system;
    scheduleCrons(workers.crons, workers.runCron, ({ worker, cron }, error) => {
      say(`cron       ${worker} ${cron} failed: ${error instanceof Error ? error.message : String(error)}`);
    });
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    await stop(1);
  }
}
