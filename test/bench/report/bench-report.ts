import { z } from "zod";

const figureSchema = z.object({
  section: z.string(),
  group: z.string(),
  candidate: z.string(),
  figure: z.string(),
  value: z.number(),
  // null: the first candidate's time was too short to measure
  ratio: z.number().nullable(),
});

/** The 1-minute load average at the start and the end of the run, and the highest sampled between. */
const loadSchema = z.object({ start: z.number(), end: z.number(), most: z.number() });

/** The JSON of a run of `npm run bench`. */
export const benchReportSchema = z.object({
  /** start of the run, ISO 8601, UTC */
  date: z.string(),
  seconds: z.number(),
  commit: z.object({ id: z.string(), isClean: z.boolean() }),
  machine: z.object({ cpu: z.string(), cores: z.int(), memoryGb: z.number(), os: z.string() }),
  load: loadSchema,
  /** versions by name */
  versions: z.record(z.string(), z.string()),
  size: z.object({ decodes: z.int(), runs: z.int() }),
  /** the measured data, where the groups' names do not describe them */
  notes: z.array(z.string()),
  figures: z.array(figureSchema),
});

export type BenchReport = z.infer<typeof benchReportSchema>;
export type ReportFigure = z.infer<typeof figureSchema>;
export type Load = z.infer<typeof loadSchema>;
