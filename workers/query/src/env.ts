import { otherDatabases } from "@building-vitals/core/d1/site-databases";
import { sitesSettingSchema } from "@building-vitals/core/domain/site";
import { type AccessApplication, accessApplication, accessSettings } from "@building-vitals/core/http/access-jwt";
import { failedLoginsSetting } from "@building-vitals/core/http/failed-logins";
import { headerSecret, localRunSetting, refuseShortTokens } from "@building-vitals/core/http/secret-settings";
import { databaseBinding } from "@building-vitals/core/http/database-binding";
import { binding, settingsParser } from "@building-vitals/core/http/settings";
import { z } from "zod";

/** The bindings and variables of wrangler.query.toml, as the platform hands them over: unchecked. */
export type Env = Readonly<Record<string, unknown>>;

const ORIGIN = /^(?:\*|https?:\/\/[^\s/,?#]+)$/;

/** Comma-separated origins, as browsers spell them: without a path, and without a slash at the end. */
const originsSetting = z
  .string()
  .default("")
  .transform((text) => text.split(",").flatMap((origin) => origin.trim() || []))
  .refine((origins) => origins.every((origin) => ORIGIN.test(origin)), {
    error: "must be * or origins such as https://dash.example.com, separated by commas",
  });

const settingsSchema = z.object({
  DB: databaseBinding(),
  TIMESERIES: binding<R2Bucket>(),
  /** the other Workers, for the dashboard's page; absent where the query Worker runs alone */
  ETL: binding<Fetcher>().optional(),
  BACKFILL: binding<Fetcher>().optional(),
  SITES: sitesSettingSchema,
  /** for the audit; reads need QUERY_TOKEN alone */
  ADMIN_TOKEN: headerSecret,
  QUERY_TOKEN: headerSecret.optional(),
  ...accessSettings,
  ...failedLoginsSetting,
  ...localRunSetting,
  /** origins whose pages may read answers; `*`: all */
  CORS_ORIGINS: originsSetting,
  /** the deployment; absent locally */
  CF_VERSION_METADATA: z.object({ id: z.string() }).optional(),
});
const checkedSchema = settingsSchema.superRefine(refuseShortTokens);
export type Settings = z.output<typeof settingsSchema> & {
  /** who may pass beside those with the token; null: nobody */
  readonly access: AccessApplication | null;
  /** those that SITES names beside DB, by binding */
  readonly otherDatabases: ReadonlyMap<string, D1Database>;
};

const parse = settingsParser(checkedSchema);

/** @throws {Problem} `settings_invalid`, naming the setting */
export function settingsOf(env: Env): Settings {
  const settings = parse(env);
  return {
    ...settings,
    access: accessApplication(settings),
    otherDatabases: otherDatabases(env, settings.SITES),
  };
}
