import { aceSettings } from "@building-vitals/core/http/ace-settings";
import { settleDaysSetting } from "@building-vitals/core/http/settle-days-setting";
import { defineSettings } from "@building-vitals/core/http/define-settings";
import { requireAdminOf } from "@building-vitals/core/http/require-admin";
import { binding, integerSetting } from "@building-vitals/core/http/settings";
import type { InstanceParams } from "./instance-params.ts";

/** The bindings and variables of wrangler.backfill.toml, before validation. */
export type Env = Readonly<Record<string, unknown>>;

/** @throws {Problem} `settings_invalid`, naming each invalid setting */
export const settingsOf = defineSettings({
  ETL_STATE: binding<KVNamespace>(),
  BACKFILL: binding<Workflow<InstanceParams>>(),
  ...aceSettings,
  REQUESTS_PER_MINUTE: integerSetting({ default: 50, min: 1, max: 60_000 }),
  SETTLE_DAYS: settleDaysSetting,
  HOT_DAYS: integerSetting({ default: 20, min: 0, max: 400 }),
});
export type Settings = ReturnType<typeof settingsOf>;

/** Requires the admin token, and records writes in the audit. */
export const requireAdmin = requireAdminOf<Env>("backfill", settingsOf, ["/backfill/plan"]);
