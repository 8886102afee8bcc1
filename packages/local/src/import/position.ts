import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { parseJson } from "../parse-json.ts";
import type { Source } from "./sources.ts";

const count = z.int().min(0);
const counts = z.record(z.string(), count);

/** The counts of a file. records = samples + sum of rejected. */
const sourceSchema = z.object({ records: count, samples: count, rejected: counts });
export type SourceCounts = z.infer<typeof sourceSchema>;

/** The counts of a site's day. samples = repeated + overruled + stored + present + kept + sum of rejected. */
const daySchema = z.object({
  site: z.string(),
  /** YYYY-MM-DD, UTC */
  day: z.string(),
  /**
   * `sending`: some samples may be stored; `sent`: all are; `done`: also scheduled to be settled, if the day has ended
   */
  state: z.enum(["sending", "sent", "done"]),
  samples: count,
  /** samples that were read again */
  repeated: count,
  /** samples that a later one with the same time and another value replaced */
  overruled: count,
  stored: count,
  present: count,
  kept: count,
  rejected: counts,
});
export type DayCounts = z.infer<typeof daySchema>;

const positionSchema = z.object({
  /** completely read sources, by path */
  sources: z.record(z.string(), sourceSchema),
  /** by file name; `bytes`: size of the day's spill after the last of these sources */
  spills: z.record(z.string(), z.object({ site: z.string(), day: z.string(), bytes: count })),
  /** by file name of the day's spill */
  days: z.record(z.string(), daySchema),
});
export type Position = z.infer<typeof positionSchema>;

/** The folder of an import: it depends on the files, their sizes and times of change, and the address. */
export function workFolder(stateDir: string, sources: readonly Source[], url: string): string {
  const hash = createHash("sha256")
    .update(JSON.stringify([sources, url]))
    .digest("hex")
    .slice(0, 12);
  return join(stateDir, "import", hash);
}

/** The progress of an import, in a file that is replaced as a whole. */
export class PositionFile {
  readonly #file: string;
  readonly position: Position;

  /** @throws Error if the file exists and is invalid */
  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.#file = join(folder, "position.json");
    let text = "";
    try {
      text = readFileSync(this.#file, "utf8");
    } catch {
      this.position = { sources: {}, spills: {}, days: {} };
      return;
    }
    const parsed = positionSchema.safeParse(parseJson(text));
    if (!parsed.success) throw new Error(`${this.#file} is damaged. Remove its folder to start the import again.`);
    this.position = parsed.data;
  }

  save(): void {
    writeFileSync(`${this.#file}.new`, JSON.stringify(this.position));
    renameSync(`${this.#file}.new`, this.#file);
  }
}
