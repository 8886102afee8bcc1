import { z } from "zod";
import { countedBinding } from "../d1/counted-binding.ts";
import { otherDatabases } from "../d1/site-databases.ts";
import { sitesSettingSchema } from "../domain/site.ts";
import { accessApplication, accessSettings } from "./access-jwt.ts";
import { failedLoginsSetting } from "./failed-logins.ts";
import { headerSecret, localRunSetting, refuseShortTokens } from "./secret-settings.ts";
import { binding, settingsParser } from "./settings.ts";

/** The settings of every Worker. */
const commonSettings = z.object({
  /** the main database; its statements are counted */
  DB: binding<D1Database>().transform(countedBinding),
  TIMESERIES: binding<R2Bucket>(),
  SITES: sitesSettingSchema,
  ADMIN_TOKEN: headerSecret,
  ...accessSettings,
  ...failedLoginsSetting,
  ...localRunSetting,
});

/**
 * Defines a Worker's settings: those of every Worker and its own.
 *
 * The returned function parses bindings and variables. It adds two settings:
 * - `access`: the Cloudflare Access application that admits users besides the tokens, or null;
 * - `otherDatabases`: the databases that SITES names besides DB, by binding.
 *
 * The function throws a {@link Problem} `settings_invalid` that names each invalid setting.
 * @param ownSettings shape of the Worker's own settings; none may have the name of a common one
 */
export function defineSettings<S extends z.ZodRawShape>(ownSettings: S) {
  const schema = z.intersection(commonSettings, z.object(ownSettings)).superRefine(refuseShortTokens);
  const parse = settingsParser(schema);
  return (env: Readonly<Record<string, unknown>>) => {
    const settings = parse(env);
    return {
      ...settings,
      access: accessApplication(settings),
      otherDatabases: otherDatabases(env, settings.SITES),
    };
  };
}
