import { Random } from "../fuzz/random.ts";
import { askBesides } from "./ask.ts";
import type { SimulatedDatabase } from "./database.ts";
import { Deployment } from "./deployment.ts";
import { installWorld } from "./globals.ts";
import { recover } from "./recover.ts";
import { MONTHS_BEGIN, playMonths } from "./months.ts";
import { DAY, drawPlant, HOUR, MINUTE, TODAY, withOlderDays } from "./plant.ts";
import { scriptSeams } from "./seams.ts";
import { World } from "./world.ts";

/** The outcome of a seed. */
export interface Outcome {
  readonly seed: number;
  /** digest of all events and of the stored state at the end */
  readonly digest: string;
  readonly calls: number;
  /** samples reported as stored */
  readonly promised: number;
  /** queries that read a month file */
  readonly monthReads: number;
  /** the violated invariant; null without a violation */
  readonly violation: string | null;
  readonly lines: readonly string[] | null;
}

interface Options {
  readonly keepLines?: boolean;
  /** called for each transaction */
  readonly record?: SimulatedDatabase["onTransaction"];
}

/** Plays a seed: a few hours with faults, the recovery, and the checks. */
export async function simulate(seed: number, { keepLines = false, record }: Options = {}): Promise<Outcome> {
  const world = new World(seed, TODAY, keepLines);
  const { random } = world;
  // Soon after midnight, so that yesterday can be settled while its last hours are still being synced.
  const begin = TODAY + random.below(3 * HOUR);
  const end = begin + HOUR + random.below(3 * HOUR);
  world.now = begin;
  // A separate generator for months, so that all other draws stay.
  const ofMonths = new Random(seed + MONTHS_FROM);
  const hasMonths = ofMonths.chance(0.5);
  const drawn = drawPlant(random, begin, end + 3 * HOUR);
  const plant = hasMonths ? withOlderDays(drawn, ofMonths, MONTHS_BEGIN + DAY / 2) : drawn;
  const deployment = new Deployment(world, plant);
  if (record !== undefined) deployment.database.onTransaction = record;
  beginAtBlock(world, deployment.database);
  const restore = installWorld(world, (url, init) => deployment.fetch(url, init));
  let violation: string | null = null;
  try {
    script(world, deployment, end, () => askBesides(`asks@${world.now}`, world, deployment, plant));
    await world.run(end);
    await recover(world, deployment, plant);
    if (hasMonths) await playMonths(world, deployment, plant);
  } catch (error) {
    violation = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    world.trace(error instanceof Error && error.name !== "Violation" ? (error.stack ?? "") : "");
  } finally {
    restore();
  }
  const { calls, lines } = world;
  const { ledger, monthReads } = deployment;
  return { seed, digest: world.digest(), calls, promised: ledger.promised.size, monthReads, violation, lines };
}

/** Added to a seed to draw its months. */
const MONTHS_FROM = 1_000_000;

/** Ids of points after which the next ones lie in two blocks of 128 and two rows of 16. */
const BEFORE_BLOCK: readonly [number, ...number[]] = [124, 124, 125, 126];

/** Mostly gives the first site an earlier point, so that its other points lie in two blocks. */
function beginAtBlock({ random }: World, database: SimulatedDatabase): void {
  if (random.chance(0.2)) return;
  const site = "INSERT INTO sites (id, name) VALUES (1, 'site_a')";
  const point = `INSERT INTO points (id, site_id, name, tags, source, configured) VALUES (?1, 1, 'site_a/old', '{"kv":{},"markers":[]}', 'discovered', 0)`;
  database.transaction([
    { sql: site, values: [] },
    { sql: point, values: [random.pick(BEFORE_BLOCK)] },
  ]);
}

/** Draws the events until `end`: the crons, some of them twice or never, and actions of people and of the platform. */
function script(world: World, deployment: Deployment, end: number, ask: () => void): void {
  const { random } = world;
  const start = world.now;
  const at = (time: number, act: () => void) => world.after(time - world.now, act);
  const sometimes = (share: number, most: number, act: () => void) => {
    const times = random.chance(share) ? 1 + random.below(most) : 0;
    for (let i = 0; i < times; i++) at(start + random.below(end - start), act);
  };
  const name = (job: string) => `${job}@${world.now}`;
  const sync = () => deployment.etlCron(name("sync"), "*/5 * * * *");
  const step = random.pick([8, 15, 30]) * MINUTE;
  for (let time = start; time < end; time += step) {
    if (random.chance(0.9)) at(time, sync);
    if (random.chance(0.1)) at(time + random.below(40_000), sync);
  }
  for (let time = start; time < end; time += HOUR) {
    at(time + 7 * MINUTE, () => deployment.etlCron(name("hourly"), "6 * * * *"));
    if (random.chance(0.1))
      at(time + 7 * MINUTE + random.below(20_000), () => deployment.etlCron(name("hourly"), "6 * * * *"));
  }
  const yesterday = TODAY / DAY - 1;
  const jobs: readonly [() => void, ...(() => void)[]] = [
    sync,
    sync,
    ask,
    ask,
    () => deployment.archive(name("archive"), yesterday),
    () => deployment.archive(name("archive"), yesterday),
    () => deployment.etlCron(name("hourly"), "6 * * * *"),
    () => deployment.importDays(name("import"), yesterday, yesterday),
    () => deployment.repairGaps(name("gaps")),
    () => deployment.rebuildManifest(name("rebuild")),
  ];
  // Many at once, above all while the first sync catches up.
  const burst = (time: number) => {
    const spread = random.pick([1, 1_000, 8_000]);
    for (let i = 2 + random.below(6); i > 0; i--) at(time + random.below(spread), random.pick(jobs));
  };
  scriptSeams(world, deployment, {
    sync,
    ask,
    repairGaps: () => deployment.repairGaps(name("gaps")),
    superviseCron: () => deployment.superviseCron(name("supervise")),
    backfill: () => deployment.startBackfill(name("start"), yesterday, yesterday, "all"),
    archive: () => deployment.archive(name("archive"), yesterday),
  });
  if (random.chance(0.5)) burst(start + random.below(30_000));
  // Hours are rolled up while samples arrive in them.
  const hourly = () => deployment.etlCron(name("hourly"), "6 * * * *");
  if (random.chance(0.2)) for (let i = 0; i < 6; i++) at(start + 2_000 + random.below(40_000), hourly);
  sometimes(0.5, 2, () => burst(world.now));
  sometimes(0.3, 2, () => deployment.etlCron(name("daily"), "21 3 * * *"));
  sometimes(0.6, 4, () => deployment.archive(name("archive"), yesterday));
  sometimes(0.6, 4, ask);
  sometimes(0.2, 2, () => deployment.loseKept());
  sometimes(0.3, 2, () => deployment.repairGaps(name("gaps")));
  sometimes(0.3, 2, () => deployment.rebuildManifest(name("rebuild")));
  sometimes(0.2, 2, () => {
    world.skew = (random.below(9) - 4) * MINUTE;
    world.trace(`our clock is ${world.skew} ms ahead`);
  });
  sometimes(0.2, 2, () => {
    for (const process of world.processes) if (random.chance(0.7)) world.kill(process);
  });
  sometimes(0.1, 2, () => deployment.replayDeadLetters(name("replay")));
  if (random.chance(0.3)) scriptBackfill(world, deployment, sometimes, name);
}

function scriptBackfill(
  world: World,
  deployment: Deployment,
  sometimes: (share: number, most: number, act: () => void) => void,
  name: (job: string) => string,
): void {
  const { random } = world;
  const yesterday = TODAY / DAY - 1;
  const first = random.chance(0.25) ? yesterday - 1 : yesterday;
  for (let time = 0; time < 5 * HOUR; time += 20 * MINUTE) {
    world.after(time + random.below(MINUTE), () => {
      if (!world.isHealing) deployment.superviseCron(name("supervise"));
    });
  }
  sometimes(1, 2, () =>
    deployment.startBackfill(name("start"), first, yesterday, random.pick(["unfinished", "unfinished", "all"])),
  );
  sometimes(0.2, 1, () => deployment.cancelBackfill(name("cancel")));
  sometimes(0.2, 1, () => deployment.startBackfill(name("retry"), first, yesterday, "failed"));
  sometimes(0.2, 1, () => deployment.importDays(name("import"), first, yesterday));
  sometimes(0.4, 4, () => {
    const { running } = deployment.workflows;
    const chosen = running[random.below(running.length)];
    if (chosen !== undefined) deployment.workflows.terminate(chosen);
  });
}
