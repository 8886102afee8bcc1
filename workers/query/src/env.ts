import { sitesSettingSchema } from "@building-vitals/core/domain/site";
import { binding, parseSettings } from "@building-vitals/core/http/settings";
import { z } from "zod";

/** The bindings and variables of wrangler.query.toml, as the platform hands them over: unchecked. */
export type Env = Readonly<Record<string, unknown>>;

const settingsSchema = z.object({
  DB: binding<D1Database>(),
  TIMESERIES: binding<R2Bucket>(),
  SITES: sitesSettingSchema,
  /** an empty one would lock nobody out while looking as if it did */
  QUERY_TOKEN: z.string().min(1).optional(),
});
export type Settings = z.output<typeof settingsSchema>;

/** @throws {Problem} `settings_invalid`, naming the setting */
export function settingsOf(env: Env): Settings {
  return parseSettings(settingsSchema, env);
}
