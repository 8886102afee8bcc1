import { otherDatabases } from "@building-vitals/core/d1/site-databases";
import { sitesSettingSchema } from "@building-vitals/core/domain/site";
import { type AccessApplication, accessApplication, accessSettings } from "@building-vitals/core/http/access-jwt";
import { aceSettings } from "@building-vitals/core/http/ace-settings";
import { failedLoginsSetting } from "@building-vitals/core/http/failed-logins";
import { headerSecret, localRunSetting, refuseShortTokens } from "@building-vitals/core/http/secret-settings";
import { databaseBinding } from "@building-vitals/core/http/database-binding";
import { settleDaysSetting } from "@building-vitals/core/http/settle-days-setting";
import { binding, integerSetting, settingsParser } from "@building-vitals/core/http/settings";
import { z } from "zod";
import type { InstanceParams } from "./instance-params.ts";

/** The bindings and variables of wrangler.backfill.toml, as the platform hands them over: unchecked. */
export type Env = Readonly<Record<string, unknown>>;

const settingsSchema = z.object({
  DB: databaseBinding(),
  TIMESERIES: binding<R2Bucket>(),
  ETL_STATE: binding<KVNamespace>(),
  BACKFILL: binding<Workflow<InstanceParams>>(),
  ...aceSettings,
  ADMIN_TOKEN: headerSecret,
  ...accessSettings,
  ...failedLoginsSetting,
  ...localRunSetting,
  SITES: sitesSettingSchema,
  REQUESTS_PER_MINUTE: integerSetting({ default: 50, min: 1, max: 60_000 }),
  SETTLE_DAYS: settleDaysSetting,
  HOT_DAYS: integerSetting({ default: 20, min: 0, max: 400 }),
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
