import type { SentStatement } from "./database.ts";
import type { Deployment } from "./deployment.ts";
import { DAY, MINUTE, TODAY } from "./plant.ts";
import { does, type Form } from "./statement-forms.ts";
import type { ServedPage } from "./upstream.ts";
import type { World } from "./world.ts";

const BUILDS = /^(?:archive|backfill_|settle-)/;
/** Jobs that store samples of any day, while a sync stores those of today. */
const FILLS = /^(?:hourly|gaps)/;

/** What other processes may begin while one stops. */
export interface Rivals {
  readonly sync: () => unknown;
  readonly ask: () => unknown;
  readonly repairGaps: () => unknown;
  readonly superviseCron: () => unknown;
  readonly backfill: () => unknown;
  readonly archive: () => unknown;
}

/** Stopped processes that others overtake, per seed, because each takes time. */
const MAX_OVERTAKEN = 5;

/**
 * Stops processes between two steps that belong together, and lets others do the same work meanwhile. By chance alone
 * hardly any seed would do so.
 */
export function scriptSeams(world: World, deployment: Deployment, rivals: Rivals): void {
  const { random } = world;
  const soon = (ms: number, act: () => unknown) => world.after(ms, () => void act());
  // While a day is published, a query and a sweep should run, because publishing takes only a moment.
  deployment.bucket.onPut = (key) => {
    if (world.isHealing || !key.startsWith("timeseries/")) return;
    if (random.chance(0.6)) soon(random.below(300), rivals.ask);
    if (random.chance(0.2)) soon(random.below(300), rivals.superviseCron);
  };
  deployment.onTransaction((statements, by) => {
    if (by.sheltered) return;
    const isOne = (form: Form) => statements.some(({ sql }) => does(form, sql));
    if (isOne("claims") && dayOfClaim(statements) === TODAY / DAY - 1 && random.chance(0.3)) {
      by.stallMs = 2_000 + random.below(20_000);
      soon(random.below(2_000), rivals.archive);
    } else if ((isOne("rollsUp") || (BUILDS.test(by.name) && isOne("readsClock"))) && random.chance(0.1)) {
      by.stallMs = random.below(20_000);
      soon(random.below(5_000), rivals.sync);
    } else if (isOne("readsClock") && random.chance(FILLS.test(by.name) ? 0.4 : 0.05)) {
      by.stallMs = 1_000 + random.below(6_000);
      if (FILLS.test(by.name)) soon(0, rivals.sync);
    } else if (isOne("keeps") && random.chance(0.2)) {
      by.stallMs = 500 + random.below(4_000);
      soon(0, rivals.superviseCron);
    } else if (isOne("beginsFilling") && random.chance(0.3)) {
      deployment.cutOff(by);
    } else if (isOne("sweepsKept") && random.chance(0.5)) by.stallMs = 5_000;
  });
  let overtaken = 0;
  deployment.onStraggle((ms, page) => {
    if (world.isHealing || overtaken++ >= MAX_OVERTAKEN) return;
    overtake(world, rivals, ms, page);
    for (const wait of [500, 3_000]) if (random.chance(0.5)) soon(ms + random.below(wait), rivals.ask);
  });
}

/**
 * While one process stops, the upstream corrects its answers, and others request the same samples and may store them
 * first.
 */
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
  return statements.find(({ sql }) => does("claims", sql))?.values[1];
}
