import type { SentStatement } from "./database.ts";
import type { Deployment } from "./deployment.ts";
import { BEGINS_FILLING } from "./gap-books.ts";
import { DAY, MINUTE, TODAY } from "./plant.ts";
import type { ServedPage } from "./upstream.ts";
import type { World } from "./world.ts";

/** A build has announced the content that it puts in place next: cold/commit-day.ts. */
const CLAIMS = /^\s*INSERT INTO day_files .*\bpending\b/;
/** A fold reads the hours of a day: cold/fold-day.ts. */
const FOLDS = /^\s*SELECT h\.hour, h\.version, h\.folded_version FROM hot_hours/;
/** A job reads the site's clock, and stores samples or copies the day's segments next: store/site-clock.ts. */
const READS_CLOCK = /^SELECT stamp, token FROM site_clocks/;
const BUILDS = /^(?:archive|backfill_|settle-)/;
/** Jobs that store samples of any day, while a sync stores those of today. */
const FILLS = /^(?:hourly|gaps)/;

/** A build keeps row groups in D1, and a sweep deletes some: cold/kept-groups.ts. */
const KEEPS = /^\s*INSERT INTO kept_groups/;
const SWEEPS_KEPT = /^\s*DELETE FROM kept_groups/;

/** What others may begin while a process stands still. */
export interface Rivals {
  readonly sync: () => unknown;
  readonly ask: () => unknown;
  readonly repairGaps: () => unknown;
  readonly superviseCron: () => unknown;
  readonly backfill: () => unknown;
  readonly archive: () => unknown;
}

/** Straggling processes that others overtake, a seed: each takes time. */
const MAX_OVERTAKEN = 5;

/**
 * Lets processes stand still where two steps must belong together, and lets others do the same meanwhile. By chance alone hardly a
 * seed would come to it.
 */
export function scriptSeams(world: World, deployment: Deployment, rivals: Rivals): void {
  const { random } = world;
  const soon = (ms: number, act: () => unknown) => world.after(ms, () => void act());
  // while a day is published, somebody should ask and something be swept, because publishing takes only a moment
  deployment.bucket.onPut = (key) => {
    if (world.isHealing || !key.startsWith("timeseries/")) return;
    if (random.chance(0.6)) soon(random.below(300), rivals.ask);
    if (random.chance(0.2)) soon(random.below(300), rivals.superviseCron);
  };
  deployment.onTransaction((statements, by) => {
    if (by.sheltered) return;
    const isOne = (form: RegExp) => statements.some(({ sql }) => form.test(sql));
    if (isOne(CLAIMS) && dayOfClaim(statements) === TODAY / DAY - 1 && random.chance(0.3)) {
      by.stallMs = 2_000 + random.below(20_000);
      soon(random.below(2_000), rivals.archive);
    } else if ((isOne(FOLDS) || (BUILDS.test(by.name) && isOne(READS_CLOCK))) && random.chance(0.1)) {
      by.stallMs = random.below(20_000);
      soon(random.below(5_000), rivals.sync);
    } else if (isOne(READS_CLOCK) && random.chance(FILLS.test(by.name) ? 0.4 : 0.05)) {
      by.stallMs = 1_000 + random.below(6_000);
      if (FILLS.test(by.name)) soon(0, rivals.sync);
    } else if (isOne(KEEPS) && random.chance(0.2)) {
      by.stallMs = 500 + random.below(4_000);
      soon(0, rivals.superviseCron);
    } else if (isOne(BEGINS_FILLING) && random.chance(0.3)) {
      deployment.cutOff(by);
    } else if (isOne(SWEEPS_KEPT) && random.chance(0.5)) by.stallMs = 5_000;
  });
  let overtaken = 0;
  deployment.onStraggle((ms, page) => {
    if (world.isHealing || overtaken++ >= MAX_OVERTAKEN) return;
    overtake(world, rivals, ms, page);
    for (const wait of [500, 3_000]) if (random.chance(0.5)) soon(ms + random.below(wait), rivals.ask);
  });
}

/** While one stands still, the upstream corrects what it was told, and others ask for the same and may store it first. */
function overtake(world: World, rivals: Rivals, ms: number, { rows }: ServedPage): void {
  const { random, now } = world;
  const isClosed = rows.some(({ sample }) => sample.time < TODAY);
  const isLong = ms > 4 * MINUTE;
  for (const { sample } of random.chance(0.7) ? rows : []) {
    if (sample.correction !== null) continue;
    sample.correction = { at: now + random.below(ms / 4), text: String(random.below(1_000) + 0.75) };
  }
  const rival = isClosed && isLong ? rivals.backfill : random.pick([rivals.sync, rivals.repairGaps, rivals.sync]);
  world.after(ms / 4 + random.below(ms / 4), () => void rival());
}

function dayOfClaim(statements: readonly SentStatement[]): unknown {
  return statements.find(({ sql }) => CLAIMS.test(sql))?.values[1];
}
