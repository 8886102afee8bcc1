import { headerSecret } from "@building-vitals/core/http/secret-settings";
import { defineSettings } from "@building-vitals/core/http/define-settings";
import { requireAdminOf } from "@building-vitals/core/http/require-admin";
import { binding } from "@building-vitals/core/http/settings";
import { z } from "zod";

/** The bindings and variables of wrangler.query.toml, before validation. */
export type Env = Readonly<Record<string, unknown>>;

const ORIGIN = /^(?:\*|https?:\/\/[^\s/,?#]+)$/;

/** Comma-separated origins as browsers send them: no path, no trailing slash. */
const originsSetting = z
  .string()
  .default("")
  .transform((text) => text.split(",").flatMap((origin) => origin.trim() || []))
  .refine((origins) => origins.every((origin) => ORIGIN.test(origin)), {
    error: "must be * or origins such as https://dash.example.com, separated by commas",
  });

/** @throws {Problem} `settings_invalid`, naming each invalid setting */
export const settingsOf = defineSettings({
  /** the other Workers, for the dashboard; absent if the query Worker runs alone */
  ETL: binding<Fetcher>().optional(),
  BACKFILL: binding<Fetcher>().optional(),
  /** grants reads; ADMIN_TOKEN grants only the audit */
  QUERY_TOKEN: headerSecret.optional(),
  /** origins whose pages may read answers; `*`: all */
  CORS_ORIGINS: originsSetting,
  /** the deployment; absent locally */
  CF_VERSION_METADATA: z.object({ id: z.string() }).optional(),
});
export type Settings = ReturnType<typeof settingsOf>;

/** Requires the admin token, and records writes in the audit. */
export const requireAdmin = requireAdminOf<Env>("query", settingsOf);
