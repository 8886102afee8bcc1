import { z } from "zod";

function isTimeZone(zone: string): boolean {
  // Intl takes offsets such as "-06:00" too; as a building's zone that would be an hour off for half of the year.
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

/** The binding of the database that sites are in which name none. */
export const MAIN_DATABASE = "DB";

/** A site as the SITES setting names it. The upstream API has no time zones: they live here. */
export const siteConfigSchema = z.strictObject({
  /** the upstream's site name; also the name in every address, key and answer of ours */
  name: z.string().min(1).max(200),
  /** zone of the site's calendar days and of its 1hr and 1day buckets */
  timezone: timeZoneSchema,
  /** the binding of the D1 database that has its samples */
  database: z
    .string()
    .regex(/^DB(?:_[1-9]\d*)?$/, "must be DB, or DB_1, DB_2, …")
    .default(MAIN_DATABASE),
  /** true: nothing is asked of the upstream for it, but by the backfill */
  paused: z.boolean().optional(),
  /** false: no month files are built of its days, so R2 has each sample once, and charts of months take more requests */
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
