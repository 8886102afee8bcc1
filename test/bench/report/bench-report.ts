import { z } from "zod";

const figureSchema = z.object({
  section: z.string(),
  group: z.string(),
  candidate: z.string(),
  figure: z.string(),
  value: z.number(),
  // null: to a time that was too short to be measured
  ratio: z.number().nullable(),
});

/** The 1-minute load average when the run began and ended, and the highest of those looked at between. */
const loadSchema = z.object({ start: z.number(), end: z.number(), most: z.number() });

/** Of a run of `npm run bench`, as its JSON has it. */
export const benchReportSchema = z.object({
  /** when the run began, ISO 8601, UTC */
  date: z.string(),
  seconds: z.number(),
  commit: z.object({ id: z.string(), isClean: z.boolean() }),
  machine: z.object({ cpu: z.string(), cores: z.int(), memoryGb: z.number(), os: z.string() }),
  load: loadSchema,
  /** by name */
  versions: z.record(z.string(), z.string()),
  size: z.object({ decodes: z.int(), runs: z.int() }),
  /** what was measured on, where the groups' names do not tell */
  notes: z.array(z.string()),
  figures: z.array(figureSchema),
});

export type BenchReport = z.infer<typeof benchReportSchema>;
export type ReportFigure = z.infer<typeof figureSchema>;
export type Load = z.infer<typeof loadSchema>;
