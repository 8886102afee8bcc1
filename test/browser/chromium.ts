import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

/** Offline and headless. Playwright gives each start its own empty user-data-dir. */
export const CHROMIUM_FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The machine's Chromium: CHROMIUM_PATH, or the first in PATH. null: not installed. */
export function findChromium(environment: Readonly<Record<string, string | undefined>>): string | null {
  const given = environment["CHROMIUM_PATH"] ?? "";
  if (given !== "") return isExecutable(given) ? given : null;
  const folders = (environment["PATH"] ?? "").split(delimiter);
  const candidates = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return candidates.find(isExecutable) ?? null;
}
