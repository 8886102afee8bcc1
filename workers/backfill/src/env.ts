import { sitesSettingSchema } from "@building-vitals/core/domain/site";
import { binding, parseSettings } from "@building-vitals/core/http/settings";
import { z } from "zod";

/** The bindings and variables of wrangler.backfill.toml, as the platform hands them over: unchecked. */
export type Env = Readonly<Record<string, unknown>>;

const settingsSchema = z.object({
  DB: binding<D1Database>(),
  ADMIN_TOKEN: z.string().min(1),
  SITES: sitesSettingSchema,
});
type Settings = z.output<typeof settingsSchema>;

/** @throws {Problem} `settings_invalid`, naming the setting */
export function settingsOf(env: Env): Settings {
  return parseSettings(settingsSchema, env);
}
