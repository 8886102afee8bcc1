import { HOURS_PER_DAY } from "@building-vitals/core/domain/day";
import { aceSettings } from "@building-vitals/core/http/ace-settings";
import { defineSettings } from "@building-vitals/core/http/define-settings";
import { requireAdminOf } from "@building-vitals/core/http/require-admin";
import { binding, integerSetting, shareSetting } from "@building-vitals/core/http/settings";
import { z } from "zod";

/** The bindings and variables of wrangler.etl.toml, before validation. */
export type Env = Readonly<Record<string, unknown>>;

const WEBHOOK_ERROR = "must be an http or https address, or empty";

/** @throws {Problem} `settings_invalid`, naming each invalid setting */
export const settingsOf = defineSettings({
  ETL_STATE: binding<KVNamespace>(),
  ...aceSettings,
  SYNC_SECONDS: integerSetting({ default: 25, min: 5, max: 240 }),
  REQUESTS_PER_MINUTE: integerSetting({ default: 50, min: 1, max: 60_000 }),
  LOOKBACK_MINUTES: integerSetting({ default: 10, min: 0, max: 1440 }),
  INITIAL_LOOKBACK_HOURS: integerSetting({ default: 24, min: 1, max: 31 * HOURS_PER_DAY }),
  GAP_REPAIR_REQUESTS: integerSetting({ default: 40, min: 0, max: 500 }),
  GAP_CONFIRM_HOURS: integerSetting({ default: 24, min: 1, max: 31 * HOURS_PER_DAY }),
  ALERT_WEBHOOK_URL: z
    .union([z.literal(""), z.url({ protocol: /^https?$/, error: WEBHOOK_ERROR })], { error: WEBHOOK_ERROR })
    .default("")
    .transform((url) => (url === "" ? null : url)),
  ALERT_ERROR_PERCENT: integerSetting({ default: 5, min: 0, max: 100 }),
  ALERT_SYNC_SECONDS: integerSetting({ default: 25, min: 1, max: 900 }),
  ALERT_STALE_CADENCES: integerSetting({ default: 3, min: 1, max: 2016 }),
  ALERT_SILENT_HOURS: integerSetting({ default: 6, min: 1, max: 31 * HOURS_PER_DAY }),
  ALERT_UNSETTLED_HOURS: integerSetting({ default: 24, min: 1, max: 31 * HOURS_PER_DAY }),
  ALERT_QUALITY: shareSetting(0.8),
  ALERT_D1_PERCENT: integerSetting({ default: 80, min: 1, max: 100 }),
  D1_MAX_MB: integerSetting({ default: 10_000, min: 1, max: 1_000_000 }),
  ALERT_TOKEN_DAYS: integerSetting({ default: 14, min: 0, max: 365 }),
});
export type Settings = ReturnType<typeof settingsOf>;

/** Requires the admin token, and records writes in the audit. */
export const requireAdmin = requireAdminOf<Env>("etl", settingsOf);
