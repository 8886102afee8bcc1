import type { PlacedSite } from "@building-vitals/core/backfill/backfill-site";
import { dateRange, type DayRange, lastEndedDay, START_END } from "@building-vitals/core/backfill/date-range";
import { parseBody } from "@building-vitals/core/http/parse-body";
import { z } from "zod";
import type { Settings } from "./env.ts";
import { rangeBodySchema } from "./range-body.ts";
import { sitesOf } from "./sites.ts";

/** The body of `/backfill/start` and `/backfill/plan`. */
export const backfillBodySchema = rangeBodySchema.extend({
  force_restart: z.boolean().default(false),
  queue: z.boolean().default(false),
});

/** A parsed request to `/backfill/start` or `/backfill/plan`. */
export interface BackfillRequest {
  readonly range: DayRange;
  readonly sites: readonly PlacedSite[];
  /** whether finished days are built again */
  readonly forceRestart: boolean;
  /** whether it waits for a running backfill */
  readonly queue: boolean;
}

/** @throws {Problem} `invalid_request`, `span_too_long` or `unknown_site`, naming the invalid field */
export async function parseBackfillRequest(settings: Settings, request: Request): Promise<BackfillRequest> {
  const body = await parseBody(request, backfillBodySchema);
  const range = dateRange(body.start_date, body.end_date, lastEndedDay(Date.now()), START_END);
  return {
    range,
    sites: await sitesOf(settings, body.sites, "sites"),
    forceRestart: body.force_restart,
    queue: body.queue,
  };
}
