import { aceAddress } from "@building-vitals/core/http/ace-settings";
import { z } from "zod";

const DEFAULT_SITES = '[{"name":"ses_falls_city","timezone":"America/Chicago"}]';

/** Where `npm run backfill` looks for the Worker if nobody says otherwise. */
export const DEFAULT_BACKFILL_PORT = 8788;

function port(preset: number) {
  const error = "must be a whole number from 1 to 65535";
  return z.coerce.number({ error }).int({ error }).min(1, { error }).max(65_535, { error }).default(preset);
}

const settingsSchema = z.object({
  ACE_API_BASE_URL: aceAddress.optional(),
  ACE_API_KEY: z.string().min(1).optional(),
  /** the Workers check it themselves; here it decides what the simulator is called */
  SITES: z.string().default(DEFAULT_SITES),
  STATE_DIR: z.string().min(1).default(".local"),
  ETL_PORT: port(8787),
  BACKFILL_PORT: port(DEFAULT_BACKFILL_PORT),
  QUERY_PORT: port(8789),
  SIMULATOR_PORT: port(8790),
  ADMIN_TOKEN: z.string().min(1).default("local-admin"),
  QUERY_TOKEN: z.string().min(1).optional(),
});

export interface LocalSettings extends z.output<typeof settingsSchema> {
  /** the whole environment: each setting of a deployment is taken from here under its own name */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Reads the settings of a local run.
 * @throws Error that names each variable at fault
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
