import type { Mutation } from "./mutation.ts";

const CORE = "packages/core/src";

/** Faults of building months, of packing their aggregates, and of reading both. */
export const MUTATIONS_OF_MONTHS: readonly Mutation[] = [
  {
    name: "month-of-older-days",
    file: `${CORE}/read/cold-plan.ts`,
    find: "row.days[day - first] === generation;",
    replace: "row.days[day - first]! <= generation;",
    why: "a month's file is read for a day that was published anew since",
  },
  {
    name: "month-of-another-file",
    file: `${CORE}/read/cold-plan.ts`,
    find: "place?.month !== month || place.generation !== generation) return null;",
    replace: "place?.month !== month || place.generation > generation) return null;",
    why: "a month's file is read by the locators of an earlier file",
  },
  {
    name: "deleted-month-still-named",
    file: `${CORE}/deletion/delete-month-file.ts`,
    find: "return dropMonthFile(db, siteId, monthOf(day), null, null);",
    replace: "return dropMonthFile(db, siteId, monthOf(day) - 1, null, null);",
    why: "D1 names a month's file that a deletion has removed",
  },
  {
    name: "deleted-samples-in-the-month",
    file: `${CORE}/deletion/delete-month-file.ts`,
    find: "await bucket.delete(monthFileKey(site, monthOf(day)));",
    replace: "if (day < 0) await bucket.delete(monthFileKey(site, monthOf(day)));",
    why: "a month's file keeps deleted samples",
  },
  {
    name: "half-month-published",
    file: `${CORE}/months/run-month.ts`,
    find: 'state === "written" && file !== null\n      ? [{ day, generation,',
    replace: 'state === "written" && file !== null && day % 2 === 0\n      ? [{ day, generation,',
    why: "a month's file lacks days that D1 lists for it",
  },
  {
    name: "part-left-out",
    file: `${CORE}/months/put-month-file.ts`,
    find: "const rows = await expectAllRows(bucket, sources, parts);",
    replace: "const rows = (await expectAllRows(bucket, sources, parts).catch(() => 0)) || parts.length;",
    why: "a month's file is published without some of its points",
    foundBy: {
      project: "core",
      file: `${CORE}/months/merge-part.test.ts`,
      title: "refuses missing, doubled or reordered parts, and other day files",
    },
  },
  {
    name: "moving-day-taken-for-damaged",
    file: `${CORE}/months/run-month.ts`,
    find: 'if (object !== null && objectStanding(current, object) === "pending") return',
    replace: 'if (object?.size === -1 && objectStanding(current, object) === "pending") return',
    why: "a day that is published while its month is built counts as damaged, and is not read",
    foundBy: {
      project: "core",
      file: `${CORE}/months/doubtful-days.test.ts`,
      title: "a day whose next file is put but not published does not become suspect",
    },
  },
  {
    name: "pack-without-fence",
    file: `${CORE}/months/pack-month.ts`,
    find: "const batch = await batchOnBasis(db, siteId, basis, [",
    replace: "const batch = await db.batch([",
    why: "packing removes aggregates of a day that was published since they were read",
    foundBy: {
      project: "core",
      file: `${CORE}/months/pack-month.test.ts`,
      title: "after any history, readers find what was published last",
    },
  },
  {
    name: "packed-hours-over-later-ones",
    file: `${CORE}/manifest/commit-day.ts`,
    find: "    forgetPacked(db, siteId, day),",
    replace: "    ...[forgetPacked(db, siteId, day)].slice(0, 0),",
    why: "packed aggregates are used although block_days has later ones",
    foundBy: {
      project: "core",
      file: `${CORE}/months/doubtful-days.test.ts`,
      title: "a rebuilt day is read from its own aggregates, with later points",
    },
  },
];
