import { DAY_STATES, type ManifestDay, readManifest } from "../manifest/manifest.ts";
import { dayText } from "../domain/day.ts";
import { readSettleDays, type SettleDay } from "../store/settle-days.ts";
import type { SiteStore } from "./backfill-site.ts";
import type { DayRange } from "./date-range.ts";
import type { Outcome } from "./job-days.ts";

/** `missing`: the day has no row in the manifest, so it was never built. */
const SHOWN_STATES = [...DAY_STATES, "missing"] as const;
type ShownState = (typeof SHOWN_STATES)[number];

/** The state of a site's day. */
interface ShownDay {
  readonly date: string;
  readonly state: ShownState;
  readonly records: number;
  readonly points: number;
  readonly bytes: number;
  readonly r2_path: string | null;
  /** `api`: fetched by a backfill; `d1`: settled from the hot level */
  readonly source: string | null;
  /** the job's outcome of the day; null: the day is not part of the job */
  readonly job_outcome: Outcome | null;
  readonly reason: string | null;
  readonly updated_at: string | null;
  /** when settling last requested the whole day; null: never */
  readonly settled_at: string | null;
  /** when it is settled next; null: not due */
  readonly due_at: string | null;
}

interface ShownSite {
  readonly site: string;
  /** days in each state */
  readonly summary: Readonly<Record<ShownState, number>>;
  readonly days: readonly ShownDay[];
}

function isoTime(time: number | null | undefined): string | null {
  return time == null ? null : new Date(time).toISOString();
}

function shownDay(
  day: number,
  row: ManifestDay | undefined,
  settling: SettleDay | undefined,
  outcome: Outcome | null,
): ShownDay {
  return {
    date: dayText(day),
    state: row?.state ?? "missing",
    records: row?.file?.rows ?? 0,
    points: row?.file?.points ?? 0,
    bytes: row?.file?.bytes ?? 0,
    r2_path: row?.file?.key ?? null,
    source: row?.source ?? null,
    job_outcome: outcome,
    reason: row?.reason ?? null,
    updated_at: isoTime(row?.updatedAt),
    settled_at: isoTime(settling?.settledAt),
    due_at: isoTime(settling?.dueAt),
  };
}

/** Reads every day of a range, also days without a row. @param outcomes the job's outcomes of this site's days */
export async function dayStates(
  { db, site }: SiteStore,
  range: DayRange,
  outcomes: ReadonlyMap<number, Outcome>,
): Promise<ShownSite> {
  const rows = new Map((await readManifest(db, site.id, range.first, range.last + 1)).map((row) => [row.day, row]));
  const settling = new Map(
    (await readSettleDays(db, site.id, range.first, range.last + 1)).map((row) => [row.day, row]),
  );
  const summary: Record<ShownState, number> = {
    written: 0,
    "confirmed-empty": 0,
    suspect: 0,
    failed: 0,
    deleted: 0,
    missing: 0,
  };
  const days: ShownDay[] = [];
  for (let day = range.first; day <= range.last; day++) {
    const shown = shownDay(day, rows.get(day), settling.get(day), outcomes.get(day) ?? null);
    summary[shown.state]++;
    days.push(shown);
  }
  return { site: site.name, summary, days };
}
