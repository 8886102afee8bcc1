import type { Mutation } from "./mutation.ts";
import { MUTATIONS_OF_DAYS } from "./mutations-of-days.ts";
import { MUTATIONS_OF_MONTHS } from "./mutations-of-months.ts";

const CORE = "packages/core/src";

/** All planted faults: of the sync, the store, the backfill and the gaps, of days and of months. */
export const MUTATIONS: readonly Mutation[] = [
  {
    name: "drop-watermark-guard",
    file: `${CORE}/sync/sync-state.ts`,
    find: "WHEN watermark IS NULL OR watermark BETWEEN ?2 AND ?3 THEN",
    replace: "WHEN true THEN",
    why: "a run that another run overtook sets the watermark back",
  },
  {
    name: "watermark-before-rows",
    file: `${CORE}/sync/page-store.ts`,
    find: "await this.#store(selection.samples, readings, page.asked, [saveProgress(db, this.#siteId, progress, now())]);",
    replace:
      "await saveProgress(db, this.#siteId, progress, now()).run(); await this.#store(selection.samples, readings, page.asked, []);",
    why: "a crash between the two leaves rows behind that no window requests again",
  },
  {
    name: "swallow-failed-write",
    file: `${CORE}/sync/page-store.ts`,
    find: 'throw this.#failed(new StageError("store", error), from, selection.samples.length + readings.length);',
    replace: 'this.#failed(new StageError("store", error), from, selection.samples.length + readings.length);',
    why: "the next page moves the cursor over a page that was not stored",
  },
  {
    name: "no-lookback",
    file: `${CORE}/sync/window.ts`,
    find: "watermark === null ? from : back - settings.lookbackMs",
    replace: "from",
    why: "a sample that appears a minute after its time is behind the watermark",
  },
  {
    name: "repeated-cursor-ends-window",
    file: "packages/core/src/ace/timeseries.ts",
    find: 'if (seen.has(identity)) throw new AceError("cursor_repeated", path, "the next page\'s cursor was used before");',
    replace:
      "if (seen.has(identity)) { yield { samples, asked, records, rejected, rejectedRecords, lastTime, next: null }; return; }",
    why: "a window counts as complete although the API has not said so",
    foundBy: {
      project: "core",
      file: "packages/core/src/ace/timeseries.test.ts",
      title: "refuses a cycle of two, and does not yield its page",
    },
  },
  {
    name: "trust-the-cursor",
    file: "packages/core/src/ace/timeseries.ts",
    find: "given === null ? null : repairCursor(cursor, given, end)",
    replace: "given",
    why: "the upstream's cursor fault sends every page back to the window's start",
  },
  {
    name: "store-without-fence",
    file: `${CORE}/store/site-clock.ts`,
    find: "return [expectClock(db, siteId, from), db.prepare(MOVE)",
    replace: "return [db.prepare(MOVE)",
    why: "two overlapping runs take the same stamp, and one moves the clock back",
  },
  {
    name: "stamp-beats-asked",
    file: `${CORE}/store/read-segments.ts`,
    find: "?.add(start + offset, values[i]!, asked);",
    replace: "?.add(start + offset, values[i]!, key % 2 ** 24);",
    why: "of two values the one stored last counts, although it was requested earlier",
  },
  {
    name: "segment-beats-file",
    file: `${CORE}/store/stored-series.ts`,
    find: "mergeSeries(file, stored, (i) => stored.asked[i]! > askedAt(stored.times[i]!))",
    replace: "mergeSeries(file, stored)",
    why: "an answer prefers a segment's value that was requested before the file's",
    foundBy: {
      project: "core",
      file: "packages/core/src/store/stored-series.test.ts",
      title: "a segment's sample replaces the file's only if it was asked for later",
    },
  },
  {
    name: "hours-not-touched",
    file: `${CORE}/store/hot-hours.ts`,
    find: "FROM json_each(?2) WHERE true",
    replace: "FROM json_each(?2) WHERE value % 7200000 = 0",
    why: "segments hold samples that no reader looks for",
  },
  {
    name: "latest-not-updated",
    file: `${CORE}/store/latest.ts`,
    find: "this.#newest.set(pointId, newest);",
    replace: "if (known === undefined) this.#newest.set(pointId, newest);",
    why: "the recorded newest value of a point is not its newest one",
  },
  {
    name: "hour-version-stands-still",
    file: `${CORE}/store/hot-hours.ts`,
    find: "DO UPDATE SET version = excluded.version",
    replace: "DO UPDATE SET version = version",
    why: "rollups that lack late samples count as current",
  },
  {
    name: "rollup-forgets-earlier-hours",
    file: "packages/core/src/rollups/day-table.ts",
    find: "else this.#points.set(pointId, { hours: [...hours], slice });",
    replace: "",
    why: "a row holds all hours of its day, and a rollup keeps only its own hours",
  },
  {
    name: "leave-ended-instances",
    file: "packages/core/src/backfill/supervise.ts",
    find: 'consecutiveFailures + 1 >= MAX_CONSECUTIVE_FAILURES ? "give up" : "appoint"',
    replace: 'consecutiveFailures + 1 >= MAX_CONSECUTIVE_FAILURES ? "give up" : "leave"',
    why: "a backfill whose instance was terminated stands still",
  },
  {
    name: "confirm-without-waiting",
    file: `${CORE}/gaps/repair-plan.ts`,
    find: "const isFinal = proofs >= PROOFS && began >= gap.end + confirmMs;",
    replace: "const isFinal = proofs >= PROOFS;",
    why: "a gap is confirmed empty before late data can have come",
  },
  {
    name: "gap-lost-at-midnight",
    file: `${CORE}/gaps/scan-point.ts`,
    find: "widened(reportedRange, reach)",
    replace: "widened(reportedRange, 0 * reach)",
    why: "a day's scan forgets gaps that lie across its end",
  },
  {
    name: "gap-forgotten-half-filled",
    file: `${CORE}/gaps/reconcile.ts`,
    find: "return gap.filledTo === null ||",
    replace: "return gap.filledTo !== undefined ||",
    why: "the rest of a gap whose request broke off is not requested again if it is short",
    foundBy: {
      project: "core",
      file: "packages/core/src/gaps/reconcile.test.ts",
      title: "the unasked rest of a gap stays a gap until it is asked for",
    },
  },
  {
    name: "late-site-not-followed",
    file: `${CORE}/sync/window.ts`,
    find: "const isLate = watermark !== null && servedTo !== null && servedTo < watermark - settings.lookbackMs;",
    replace: "const isLate = watermark !== null && servedTo !== null && servedTo < 0;",
    why: "no sync requests the late samples of a site that lags as a whole",
  },
  {
    name: "late-site-by-newest",
    file: `${CORE}/sync/served-times.ts`,
    find: "const half = times[times.length >> 1]!;",
    replace: "const half = range.end - 0 * times[0]!;",
    why: "a window that served anything counts as served to its end",
  },
  ...MUTATIONS_OF_DAYS,
  ...MUTATIONS_OF_MONTHS,
];
