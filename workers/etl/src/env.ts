import { PAGE_SIZES } from "@building-vitals/core/ace/page-size";
import { sitesSettingSchema } from "@building-vitals/core/domain/site";
import { binding, integerSetting, parseSettings } from "@building-vitals/core/http/settings";
import { z } from "zod";

/** The bindings and variables of wrangler.etl.toml, as the platform hands them over: unchecked. */
export type Env = Readonly<Record<string, unknown>>;

/** Larger pages do not fit: 100,000 rows are up to 16 MB of JSON, and 128 MB is all there is. */
const MAX_PAGE_SIZE = 100_000;

const settingsSchema = z.object({
  DB: binding<D1Database>(),
  ETL_STATE: binding<KVNamespace>(),
  TIMESERIES: binding<R2Bucket>(),
  ACE_API_BASE_URL: z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, "")),
  ACE_API_KEY: z.string().min(1),
  ADMIN_TOKEN: z.string().min(1),
  SITES: sitesSettingSchema,
  PAGE_SIZE: integerSetting({ default: MAX_PAGE_SIZE, min: 3, max: MAX_PAGE_SIZE }).transform((size, context) => {
    const known = PAGE_SIZES.find((pageSize) => pageSize === size);
    if (known !== undefined) return known;
    context.addIssue(`must be one of ${PAGE_SIZES.filter((pageSize) => pageSize <= MAX_PAGE_SIZE).join(", ")}`);
    return z.NEVER;
  }),
  LOOKBACK_MINUTES: integerSetting({ default: 10, min: 0, max: 1440 }),
  INITIAL_LOOKBACK_HOURS: integerSetting({ default: 24, min: 1, max: 24 * 31 }),
  HOT_DAYS: integerSetting({ default: 20, min: 1, max: 366 }),
});
export type Settings = z.output<typeof settingsSchema>;

/** @throws {Problem} `settings_invalid`, naming the setting */
export function settingsOf(env: Env): Settings {
  return parseSettings(settingsSchema, env);
}
