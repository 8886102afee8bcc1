import { z } from "zod";

const date = z.string({ error: "must be a date such as 2024-01-31" });

/** What names days of sites in a request's body. Dates are UTC and inclusive; core's `dateRange` checks them. */
export const rangeBodySchema = z.strictObject({
  start_date: date,
  end_date: date,
  /** all sites of the deployment when absent */
  sites: z.array(z.string().min(1)).min(1).optional(),
});
