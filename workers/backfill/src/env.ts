import { PAGE_SIZES } from "@building-vitals/core/ace/page-size";
import { sitesSettingSchema } from "@building-vitals/core/domain/site";
import { binding, integerSetting, parseSettings } from "@building-vitals/core/http/settings";
import { z } from "zod";
import type { InstanceParams } from "./instance-params.ts";

/** The bindings and variables of wrangler.backfill.toml, as the platform hands them over: unchecked. */
export type Env = Readonly<Record<string, unknown>>;

/** Larger pages do not fit: 100,000 rows are up to 16 MB of JSON, and 128 MB is all there is. */
const MAX_PAGE_SIZE = 100_000;

const settingsSchema = z.object({
  DB: binding<D1Database>(),
  TIMESERIES: binding<R2Bucket>(),
  ETL_STATE: binding<KVNamespace>(),
  BACKFILL: binding<Workflow<InstanceParams>>(),
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
  REQUESTS_PER_MINUTE: integerSetting({ default: 50, min: 1, max: 60_000 }),
});
export type Settings = z.output<typeof settingsSchema>;

/** @throws {Problem} `settings_invalid`, naming the setting */
export function settingsOf(env: Env): Settings {
  return parseSettings(settingsSchema, env);
}
