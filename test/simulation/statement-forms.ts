/** Statements that the simulation recognises by their text. A text that changed must change here too: `unmetForms` tells. */
const FORMS = {
  /** a page of a window is stored: sync/sync-state.ts */
  endsPage: /INSERT INTO sync_state \(site_id, (?:window_start|watermark)/,
  /** segments are stored, in whichever job: store/segment-rows.ts */
  stores: /^\s*INSERT INTO segments/,
  /** a job reads the site's clock, and stores samples or copies the day's segments next: store/site-clock.ts */
  readsClock: /^SELECT stamp, token FROM site_clocks/,
  /** a fold reads the hours of a day: day-build/roll-up-day.ts */
  folds: /^\s*SELECT h\.hour, h\.version, h\.rolled_up_version FROM hot_hours/,
  /** a build announces the content that it puts in place next: manifest/write-manifest.ts */
  claims: /^\s*INSERT INTO day_files .*\bpending\b/,
  publishes: /INSERT INTO day_files/,
  /** a build keeps row groups in D1, and a sweep deletes some: store/kept-groups.ts */
  keeps: /^\s*INSERT INTO kept_groups/,
  sweepsKept: /^\s*DELETE FROM kept_groups/,
  /** samples come for gaps of a site: gaps/write-gaps.ts */
  beginsFilling: /^\s*UPDATE gaps SET filled_to = coalesce/,
  changesGaps: /^\s*(?:UPDATE gaps SET|INSERT OR REPLACE INTO gaps)/,
  /** a month is turned to its new file: manifest/write-month-files.ts */
  publishesMonth: /^\s*UPDATE month_files SET generation = /,
  /** aggregates of points are packed: rollups/write-months.ts */
  packs: /^\s*INSERT INTO point_months/,
} as const satisfies Record<string, RegExp>;

export type Form = keyof typeof FORMS;

/** This process's. */
const met = new Set<string>();

/** Whether a statement does what the form tells. */
export function does(form: Form, sql: string): boolean {
  const isOne = FORMS[form].test(sql);
  if (isOne) met.add(form);
  return isOne;
}

/** Forms that no statement had in this process. After some tens of seeds there should be none. */
export function unmetForms(): string[] {
  return Object.keys(FORMS).filter((form) => !met.has(form));
}
