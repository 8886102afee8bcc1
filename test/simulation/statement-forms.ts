/**
 * Statements that the simulation recognises by their text. A changed text must change here too: `unmetForms` lists
 * texts without a match.
 */
const FORMS = {
  /** stores a page of a window: sync/sync-state.ts */
  endsPage: /INSERT INTO sync_state \(site_id, (?:window_start|watermark)/,
  /** stores segments, in any job: store/segment-rows.ts */
  stores: /^\s*INSERT INTO segments/,
  /** reads the site's clock before storing samples or copying the day's segments: store/site-clock.ts */
  readsClock: /^SELECT stamp, token FROM site_clocks/,
  /** reads the hours of a day to roll up: day-build/roll-up-day.ts */
  rollsUp: /^\s*SELECT h\.hour, h\.version, h\.rolled_up_version FROM hot_hours/,
  /** claims the content that a build puts next: manifest/write-manifest.ts */
  claims: /^\s*INSERT INTO day_files .*\bpending\b/,
  publishes: /INSERT INTO day_files/,
  /** keeps row groups of a build in D1, or sweeps some: store/kept-groups.ts */
  keeps: /^\s*INSERT INTO kept_groups/,
  sweepsKept: /^\s*DELETE FROM kept_groups/,
  /** samples arrive for gaps of a site: gaps/write-gaps.ts */
  beginsFilling: /^\s*UPDATE gaps SET filled_to = coalesce/,
  changesGaps: /^\s*(?:UPDATE gaps SET|INSERT OR REPLACE INTO gaps)/,
  /** points a month to its new file: manifest/write-month-files.ts */
  publishesMonth: /^\s*UPDATE month_files SET generation = /,
  /** packs aggregates of points: rollups/write-months.ts */
  packs: /^\s*INSERT INTO point_months/,
} as const satisfies Record<string, RegExp>;

export type Form = keyof typeof FORMS;

/** Forms met in this process. */
const met = new Set<string>();

/** Whether a statement has the form. */
export function does(form: Form, sql: string): boolean {
  const isOne = FORMS[form].test(sql);
  if (isOne) met.add(form);
  return isOne;
}

/** Forms that no statement had in this process. After some tens of seeds there should be no such form. */
export function unmetForms(): string[] {
  return Object.keys(FORMS).filter((form) => !met.has(form));
}
