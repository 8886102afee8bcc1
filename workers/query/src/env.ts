import { headerSecret } from "@building-vitals/core/http/secret-settings";
import { defineSettings } from "@building-vitals/core/http/define-settings";
import { requireAdminOf } from "@building-vitals/core/http/require-admin";
import { binding } from "@building-vitals/core/http/settings";
import { z } from "zod";

/** The bindings and variables of wrangler.query.toml, unchecked. */
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

/** @throws {Problem} `settings_invalid`, naming each invalid setting */
export const settingsOf = defineSettings({
  /** the other Workers, for the dashboard's page; absent where the query Worker runs alone */
  ETL: binding<Fetcher>().optional(),
  BACKFILL: binding<Fetcher>().optional(),
  /** admits readers; ADMIN_TOKEN admits to the audit only */
  QUERY_TOKEN: headerSecret.optional(),
  /** origins whose pages may read answers; `*`: all */
  CORS_ORIGINS: originsSetting,
  /** the deployment; absent locally */
  CF_VERSION_METADATA: z.object({ id: z.string() }).optional(),
});
export type Settings = ReturnType<typeof settingsOf>;

/** Admits administrators, and records their writes in the audit. */
export const requireAdmin = requireAdminOf<Env>("query", settingsOf);
