import { dayText } from "../domain/day.ts";
import type { BackfillSite } from "./backfill-site.ts";
import type { DayRange } from "./date-range.ts";
import { importDay } from "./import-day.ts";
import { type Steps, STORE_STEP } from "./steps.ts";

interface ImportContext {
  readonly db: D1Database;
  readonly bucket: R2Bucket;
  readonly site: BackfillSite;
}

/** The result of an import. A type, because the engine accepts no interface as structured data. */
export type ImportResult = {
  readonly days_imported: number;
  readonly records: number;
  /** days whose file could not be loaded, and their state */
  readonly not_imported: { readonly date: string; readonly state: string; readonly reason: string | null }[];
};

/** Loads day files into the hot level, one step a day. A day that fails does not stop the others. */
export async function runImport(steps: Steps, context: ImportContext, range: DayRange): Promise<ImportResult> {
  let daysImported = 0;
  let records = 0;
  const notImported: { date: string; state: string; reason: string | null }[] = [];
  for (let day = range.first; day <= range.last; day++) {
    const date = dayText(day);
    try {
      const { db, bucket, site } = context;
      const imported = await steps.do(`${date} import`, STORE_STEP, () => importDay(db, bucket, site, day));
      if (imported.state === "written") daysImported++;
      else notImported.push({ date, state: imported.state, reason: null });
      records += imported.samples;
    } catch (error) {
      notImported.push({ date, state: "written", reason: error instanceof Error ? error.message : String(error) });
    }
  }
  return { days_imported: daysImported, records, not_imported: notImported };
}
