import { z } from "zod";

function isTimeZone(zone: string): boolean {
  // Intl also accepts offsets such as "-06:00". As a building's zone that would be wrong by an hour for half of the
  // year.
  if (/^[+-]/.test(zone)) return false;
  try {
    Intl.DateTimeFormat("en", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/** An IANA time zone that this runtime knows, for example `America/Chicago`. */
export const timeZoneSchema = z
  .string()
  .min(1)
  .refine(isTimeZone, { error: (issue) => `${JSON.stringify(issue.input)} is not an IANA time zone` });

/** Default binding of a site's database. */
export const MAIN_DATABASE = "DB";

/** A site of the SITES setting. The upstream API has no time zones, so they are set here. */
export const siteConfigSchema = z.strictObject({
  /** the upstream's site name; also used in addresses, keys and answers */
  name: z.string().min(1).max(200),
  /** zone of the site's calendar days and of its 1hr and 1day buckets */
  timezone: timeZoneSchema,
  /** binding of the site's D1 database */
  database: z
    .string()
    .regex(/^DB(?:_[1-9]\d*)?$/, "must be DB, or DB_1, DB_2, …")
    .default(MAIN_DATABASE),
  /** true: only the backfill asks the upstream for the site */
  paused: z.boolean().optional(),
  /** false: no month files are built. R2 then holds each sample once, and charts of months take more requests. */
  month_files: z.boolean().optional(),
});
export type SiteConfig = z.infer<typeof siteConfigSchema>;

/** Parses the SITES setting: a JSON array of sites with distinct names. */
export const sitesSettingSchema = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue('must be a JSON array such as [{"name":"ses_falls_city","timezone":"America/Chicago"}]');
      return z.NEVER;
    }
  })
  .pipe(z.array(siteConfigSchema).min(1))
  .refine((sites) => new Set(sites.map((site) => site.name)).size === sites.length, "names a site twice");
