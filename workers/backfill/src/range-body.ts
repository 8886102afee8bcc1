import { z } from "zod";

const date = z.string({ error: "must be a date such as 2024-01-31" });

/** Days and sites in a request body. Dates are UTC and inclusive; core's `dateRange` checks them. */
export const rangeBodySchema = z.strictObject({
  start_date: date,
  end_date: date,
  /** default: all sites of the deployment */
  sites: z.array(z.string().min(1)).min(1).optional(),
});
