import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { parseJson } from "../parse-json.ts";
import type { Source } from "./sources.ts";

const count = z.int().min(0);
const counts = z.record(z.string(), count);

/** What a file held. records = samples + those rejected. */
const sourceSchema = z.object({ records: count, samples: count, rejected: counts });
export type SourceCounts = z.infer<typeof sourceSchema>;

/** What became of a site's day. samples = repeated + overruled + stored + present + kept + those rejected. */
const daySchema = z.object({
  site: z.string(),
  /** YYYY-MM-DD, UTC */
  day: z.string(),
  /** `sending`: some of it may be stored; `sent`: all of it is; `done`: and due to be settled, where its day has ended */
  state: z.enum(["sending", "sent", "done"]),
  samples: count,
  /** the same sample, found again */
  repeated: count,
  /** another value for the time of a sample that was read later */
  overruled: count,
  stored: count,
  present: count,
  kept: count,
  rejected: counts,
});
export type DayCounts = z.infer<typeof daySchema>;

const positionSchema = z.object({
  /** sources that were read to their end, by path */
  sources: z.record(z.string(), sourceSchema),
  /** bytes of each day's spill when the last of these sources had been read, by file name */
  spills: z.record(z.string(), z.object({ site: z.string(), day: z.string(), bytes: count })),
  /** by file name of its spill */
  days: z.record(z.string(), daySchema),
});
export type Position = z.infer<typeof positionSchema>;

/** The folder of an import: of these files as they are now, to this address. */
export function workFolder(stateDir: string, sources: readonly Source[], url: string): string {
  const hash = createHash("sha256")
    .update(JSON.stringify([sources, url]))
    .digest("hex")
    .slice(0, 12);
  return join(stateDir, "import", hash);
}

/** How far an import has come, in a file that is whole at any moment. */
export class PositionFile {
  readonly #file: string;
  readonly position: Position;

  /** @throws Error where the file is there, and none of ours */
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
    if (!parsed.success) throw new Error(`${this.#file} is damaged: remove its folder to begin the import anew.`);
    this.position = parsed.data;
  }

  save(): void {
    writeFileSync(`${this.#file}.new`, JSON.stringify(this.position));
    renameSync(`${this.#file}.new`, this.#file);
  }
}
