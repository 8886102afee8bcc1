import type { Deployment } from "./deployment.ts";
import { MINUTE } from "./plant.ts";
import { does } from "./statement-forms.ts";
import type { World } from "./world.ts";

/** What other processes may do while a build of a month stops. */
export interface MonthRivals {
  readonly ask: () => unknown;
  readonly supervise: () => unknown;
  /** a backfill publishes days of the month */
  readonly anew: () => unknown;
  readonly remove: () => unknown;
  readonly repair: () => unknown;
  readonly archive: () => unknown;
}

/** Queries that the seams start, per round, because each takes time. */
const MAX_ASKED = 8;

/** Stops of a build that are long enough for others to change the days, per round. */
const MAX_OVERTAKEN = 2;

/**
 * Stops builds of months between their calls, and lets others query and change the days meanwhile. By chance alone a
 * query would hardly ever come between.
 */
export function scriptMonthSeams(world: World, deployment: Deployment, rivals: MonthRivals): void {
  const { random } = world;
  const soon = (ms: number, act: () => unknown) =>
    world.after(ms, () => {
      if (!world.isHealing) act();
    });
  let asked = 0;
  let overtaken = 0;
  const ask = (ms: number) => {
    if (asked++ < MAX_ASKED) soon(ms, rivals.ask);
  };
  deployment.onStraggle(() => undefined);
  deployment.bucket.onPut = (key) => {
    if (!world.isHealing && key.startsWith("timeseries/") && random.chance(0.5)) ask(random.below(300));
  };
  deployment.onTransaction((statements, by) => {
    if (by.sheltered || !by.name.startsWith("month-")) return;
    const isChange = statements.some(({ sql }) => does("publishesMonth", sql) || does("packs", sql));
    if (random.chance(isChange ? 0.5 : 0.1)) {
      by.stallMs = 500 + random.below(3_000);
      ask(random.below(500));
    }
    if (overtaken < MAX_OVERTAKEN && random.chance(0.08)) {
      overtaken++;
      by.stallMs = random.below(8 * MINUTE);
      soon(random.below(2_000), random.pick([rivals.anew, rivals.anew, rivals.remove, rivals.repair, rivals.archive]));
      ask(by.stallMs + random.below(500));
    }
  });
}
