import { aceAddress } from "@building-vitals/core/http/ace-settings";
import { z } from "zod";

const DEFAULT_SITES = '[{"name":"ses_falls_city","timezone":"America/Chicago"}]';

/** The default address of the Worker for `npm run backfill`. */
export const DEFAULT_BACKFILL_PORT = 8788;

/** The largest shift of a local run's clock, either way: ten years, in seconds. */
const MAX_CLOCK_OFFSET_S = 10 * 366 * 86_400;

function wholeNumber(min: number, max: number, preset: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^-?\d+$/, { error })
    .transform(Number)
    .refine((value) => value >= min && value <= max, { error })
    .default(preset);
}

function port(preset: number) {
  return wholeNumber(1, 65_535, preset);
}

const settingsSchema = z.object({
  ACE_API_BASE_URL: aceAddress.optional(),
  ACE_API_KEY: z.string().min(1).optional(),
  /** the simulator's sites; the Workers' schema checks them */
  SITES: z.string().default(DEFAULT_SITES),
  STATE_DIR: z.string().min(1).default(".local"),
  ETL_PORT: port(8787),
  BACKFILL_PORT: port(DEFAULT_BACKFILL_PORT),
  QUERY_PORT: port(8789),
  SIMULATOR_PORT: port(8790),
  /** collected points per site of the simulator */
  SIMULATOR_POINTS: wholeNumber(1, 100_000, 300),
  /** added to the clock of the Workers and the simulator */
  CLOCK_OFFSET_SECONDS: wholeNumber(-MAX_CLOCK_OFFSET_S, MAX_CLOCK_OFFSET_S, 0),
  ADMIN_TOKEN: z.string().default("local-admin"),
  QUERY_TOKEN: z.string().optional(),
});

export interface LocalSettings extends z.output<typeof settingsSchema> {
  /** the whole environment; each setting of a deployment is read from it under its own name */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Reads the settings of a local run.
 * @throws Error that names each invalid variable
 */
export function readLocalSettings(environment: Readonly<Record<string, string | undefined>>): LocalSettings {
  const set = Object.entries(environment).filter((entry): entry is [string, string] => (entry[1] ?? "") !== "");
  const parsed = settingsSchema.safeParse(Object.fromEntries(set));
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
    throw new Error(`The environment is not valid. ${faults.join("; ")}`);
  }
  if (parsed.data.ACE_API_BASE_URL !== undefined && parsed.data.ACE_API_KEY === undefined) {
    throw new Error("ACE_API_KEY is not set: an API at ACE_API_BASE_URL needs a key.");
  }
  return { ...parsed.data, environment: Object.fromEntries(set) };
}
