/** A fault that is planted into the real code, to see whether the simulation finds it. */
export interface Mutation {
  readonly name: string;
  /** from the repository's root */
  readonly file: string;
  /** must be there exactly once */
  readonly find: string;
  readonly replace: string;
  /** what would go wrong */
  readonly why: string;
}

const SYNC = "packages/core/src/sync";
const COLD = "packages/core/src/cold";
const GAPS = "packages/core/src/gaps";
const STORE = "packages/core/src/store";

export const MUTATIONS: readonly Mutation[] = [
  {
    name: "drop-watermark-guard",
    file: `${SYNC}/sync-state.ts`,
    find: "WHEN watermark IS NULL OR watermark BETWEEN ?2 AND ?3 THEN",
    replace: "WHEN true THEN",
    why: "a run that is overtaken by another sets the watermark back",
  },
  {
    name: "watermark-before-rows",
    file: `${SYNC}/sync-site.ts`,
    find: "await this.#store(selection.samples, readings, page.asked, [saveProgress(db, siteId, progress, now())]);",
    replace:
      "await saveProgress(db, siteId, progress, now()).run(); await this.#store(selection.samples, readings, page.asked, []);",
    why: "a crash between the two leaves rows behind that no window asks for again",
  },
  {
    name: "swallow-failed-write",
    file: `${SYNC}/sync-site.ts`,
    find: 'throw this.#failed(new StageError("store", error), from, selection.samples.length + readings.length);',
    replace: 'this.#failed(new StageError("store", error), from, selection.samples.length + readings.length);',
    why: "the next page moves the cursor over one that was not stored",
  },
  {
    name: "no-lookback",
    file: `${SYNC}/window.ts`,
    find: "watermark === null ? from : back - settings.lookbackMs",
    replace: "from",
    why: "a sample that shows up a minute after its time is behind the watermark",
  },
  {
    name: "repeated-cursor-ends-window",
    file: "packages/core/src/ace/timeseries.ts",
    find: 'if (seen.has(identity)) throw new AceError("cursor_repeated", path, "the next page\'s cursor was used before");',
    replace: "if (seen.has(identity)) { yield { samples, records, rejected, rejectedRecords, next: null }; return; }",
    why: "a window counts as complete without a word of the API's",
  },
  {
    name: "trust-the-cursor",
    file: "packages/core/src/ace/timeseries.ts",
    find: "given === null ? null : repairCursor(cursor, given, end)",
    replace: "given",
    why: "the upstream's cursor fault sends every page back to where it began",
  },
  {
    name: "store-without-fence",
    file: `${STORE}/site-clock.ts`,
    find: "return [expectClock(db, siteId, from), db.prepare(MOVE)",
    replace: "return [db.prepare(MOVE)",
    why: "two runs that overlap take the same stamp, and one of them moves the clock back",
  },
  {
    name: "stamp-beats-asked",
    file: `${STORE}/read-segments.ts`,
    find: "?.add(start + offset, values[i]!, asked);",
    replace: "?.add(start + offset, values[i]!, key % 2 ** 24);",
    why: "of two values the one that was stored last counts, though it was asked for earlier",
  },
  {
    name: "segment-beats-file",
    file: `${STORE}/stored-series.ts`,
    find: "mergeSeries(file, stored, (i) => stored.asked[i]! > askedAt(stored.times[i]!))",
    replace: "mergeSeries(file, stored)",
    why: "an answer shows a value beside the file's that was asked for earlier",
  },
  {
    name: "hours-not-touched",
    file: `${STORE}/hot-hours.ts`,
    find: "FROM json_each(?2) WHERE true",
    replace: "FROM json_each(?2) WHERE value % 7200000 = 0",
    why: "samples are in segments that no reader looks for",
  },
  {
    name: "latest-not-updated",
    file: `${STORE}/latest.ts`,
    find: "this.#newest.set(pointId, one);",
    replace: "if (known === undefined) this.#newest.set(pointId, one);",
    why: "the newest value of a point is not the newest one",
  },
  {
    name: "hour-version-stands-still",
    file: `${STORE}/hot-hours.ts`,
    find: "DO UPDATE SET version = excluded.version",
    replace: "DO UPDATE SET version = version",
    why: "rollups are taken for current that lack late samples",
  },
  {
    name: "fold-without-version",
    file: `${COLD}/fold-day.ts`,
    find: "AND h.version = d.value ->> 1",
    replace: "AND d.value ->> 1 IS NOT NULL",
    why: "a sample that comes while an hour is folded is missing in its rollup",
  },
  {
    name: "fold-over-another-fold",
    file: `${COLD}/fold-day.ts`,
    find: "${FOLDED} = ?3",
    replace: "?3 IS NOT NULL",
    why: "of two folds of a day the slower one takes away the hours that the quicker one folded",
  },
  {
    name: "fold-forgets-folded-hours",
    file: "packages/core/src/block-days/day-table.ts",
    find: "else this.#points.set(pointId, { hours: [...hours], slice });",
    replace: "",
    why: "a row holds all hours of its day, and a fold leaves only those that it folds",
  },
  {
    name: "stale-aggregates-used",
    file: "packages/core/src/query/stored.ts",
    find: "hotHours.filter(({ isFolded }) => !isFolded)",
    replace: "hotHours.filter(({ isFolded }) => !isFolded && false)",
    why: "an answer is made of aggregates that lack later samples",
  },
  {
    name: "sweep-beyond-the-fold",
    file: `${COLD}/sweep-segments.ts`,
    find: 'AND s.key <= ${keySql("b.block", "?2")} + ?3 LIMIT ?4',
    replace: 'AND s.key < ${keySql("b.block", "?2 + 1")} + 0 * ?3 LIMIT ?4',
    why: "segments are deleted that came after the build had read the clock",
  },
  {
    name: "fold-past-the-clock",
    file: `${COLD}/spill-segments.ts`,
    find: "return { foldedStamp, samples, over, under, asked: last };",
    replace: "return { foldedStamp: foldedStamp + 1, samples, over, under, asked: last };",
    why: "readers pass over the next segment, which is not in the file",
  },
  {
    name: "build-drops-older-segments",
    file: `${COLD}/merge-day.ts`,
    find: "under: await openSpills(bucket, of, segments?.under ?? [],",
    replace: "under: await openSpills(bucket, of, [],",
    why: "a file lacks samples of segments that only add to what the build has",
  },
  {
    name: "build-drops-newer-segments",
    file: `${COLD}/merge-day.ts`,
    find: "over: await openSpills(bucket, of, segments?.over ?? [],",
    replace: "over: await openSpills(bucket, of, [],",
    why: "a file lacks samples of segments that were asked for after the build's hours",
  },
  {
    name: "file-forgets-when-asked",
    file: `${COLD}/merge-day.ts`,
    find: "const latest = [base.asked, options.asked, segments?.asked];",
    replace: "const latest = [base.asked, segments?.asked];",
    why: "a segment that was asked for before a backfilled hour replaces the file's value",
  },
  {
    name: "put-without-condition",
    file: `${COLD}/publish-day.ts`,
    find: 'onlyIf: baseEtag === null ? { etagDoesNotMatch: "*" } : { etagMatches: baseEtag },',
    replace: "",
    why: "of two builds the slower one takes away what the quicker one published",
  },
  {
    name: "publish-without-claim",
    file: `${COLD}/publish-day.ts`,
    find: "if (!(await withD1Retry(() => claim(db, of, sha256, generation, now())))) return null;",
    replace: "if (generation < 0) await claim(db, of, sha256, generation, now());",
    why: "half-published: a build that dies after its put leaves an object that nobody knows",
  },
  {
    name: "forget-the-old-file",
    file: `${COLD}/merge-day.ts`,
    find: "const old = base.file === null ? null : scanDayFile(",
    replace: "const old = base.file === null || base.etag !== null ? null : scanDayFile(",
    why: "archiving a late sample drops the rest of the day",
  },
  {
    name: "old-value-wins",
    file: `${COLD}/merge-points.ts`,
    find: "mergeSeries(below, above)",
    replace: "mergeSeries(above, below)",
    why: "archiving takes a correction back",
  },
  {
    name: "last-page-of-an-hour",
    file: `${COLD}/spill-api-hour.ts`,
    find: "arrived.push(selection.samples);",
    replace: "arrived.splice(0, arrived.length, selection.samples);",
    why: "a backfill writes days of which it kept a part",
  },
  {
    name: "sweep-nothing",
    file: `${COLD}/staging.ts`,
    find: "uploaded.getTime() < before",
    replace: "uploaded.getTime() < before - before",
    why: "what dead builds staged is never removed",
  },
  {
    name: "leave-ended-instances",
    file: "packages/core/src/backfill/supervise.ts",
    find: 'futile + 1 >= MAX_FUTILE ? "give up" : "appoint"',
    replace: 'futile + 1 >= MAX_FUTILE ? "give up" : "leave"',
    why: "a backfill whose instance was terminated stands still",
  },
  {
    name: "kept-of-another-content",
    file: `${COLD}/kept-groups.ts`,
    find: "k.day = day_files.day AND k.sha256 = day_files.sha256 AND",
    replace: "k.day = day_files.day AND",
    why: "an answer looks in row groups that D1 keeps of an older file",
  },
  {
    name: "query-trusts-its-plan",
    file: "packages/core/src/query/read-samples.ts",
    find: "hot === null ? { files, unreadable: [] }",
    replace: "hot === null || points.length > 0 ? { files, unreadable: [] }",
    why: "an answer lacks hot samples that were archived while it was read",
  },
  {
    name: "confirm-without-waiting",
    file: `${GAPS}/repair-plan.ts`,
    find: "const isFinal = proofs >= PROOFS && began >= gap.end + confirmMs;",
    replace: "const isFinal = proofs >= PROOFS;",
    why: "a gap is said to be empty before late data can have come",
  },
  {
    name: "gap-lost-at-midnight",
    file: `${GAPS}/point-look.ts`,
    find: "widened(told, reach)",
    replace: "widened(told, 0 * reach)",
    why: "a look at a day forgets gaps that lie across its end",
  },
  {
    name: "gap-forgotten-half-filled",
    file: `${GAPS}/reconcile.ts`,
    find: "return gap.filledTo === null ||",
    replace: "return gap.filledTo !== undefined ||",
    why: "what is left of a gap when its asking broke off is not asked for again, where it is short",
  },
  {
    name: "judge-the-file-only",
    file: `${COLD}/judge-stored-day.ts`,
    find: "hot?.get(id) ?? NO_STORED_SERIES",
    replace: "(file === null ? hot?.get(id) : undefined) ?? NO_STORED_SERIES",
    why: "a quality is taken for current that lacks hot samples beside the file",
  },
  {
    name: "judged-by-nobody",
    file: `${COLD}/publish-statements.ts`,
    find: "formula === FORMULA_VERSION ? bind(MARK_JUDGED, formula, etag, now) : bind(FORGET_JUDGED),",
    replace: "bind(MARK_JUDGED, formula ?? FORMULA_VERSION, etag, now),",
    why: "a day whose file was registered again by the repair is taken for judged",
  },
];
