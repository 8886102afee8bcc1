import type { SiteStore } from "@building-vitals/core/backfill/backfill-site";
import type { SiteConfig } from "@building-vitals/core/domain/site";
import { monthText } from "@building-vitals/core/domain/month";
import { superviseMonths } from "@building-vitals/core/months/supervise-months";
import { log } from "@building-vitals/core/telemetry/log";
import { monthInstancesOf } from "./engine-instances.ts";
import type { Settings } from "./env.ts";

/** Whether a site keeps month files. */
export function keepsMonthFiles({ month_files: isWanted }: SiteConfig): boolean {
  return isWanted !== false;
}

/** Starts the instance of a site's next due month, unless one runs. Safe to repeat. */
export async function beginMonth({ BACKFILL }: Settings, { db, site }: SiteStore, config: SiteConfig): Promise<void> {
  const instances = monthInstancesOf(BACKFILL, site);
  const about = { database: config.database, keepsFiles: keepsMonthFiles(config), now: Date.now };
  const month = await superviseMonths({ db, site, instances, ...about });
  if (month !== null) log("month_begun", { site: site.name, month: monthText(month) });
}
