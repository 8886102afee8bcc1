import { checkMonths, checkNamed, unbuiltMonth } from "./month-check.ts";
import type { Deletable } from "./delete-samples.ts";
import type { Deployment } from "./deployment.ts";
import { backfilled, settled } from "./recover.ts";
import { scriptMonthSeams } from "./month-seams.ts";
import { askBesides } from "./ask.ts";
import { DAY, HOUR, MINUTE, OLDEST, type Plant, TODAY } from "./plant.ts";
import { dayOfKey } from "./storage.ts";
import { type Process, Violation, type World } from "./world.ts";

/** When the months phase begins, epoch ms: after all recoveries. */
export const MONTHS_BEGIN = TODAY + 5 * DAY + HOUR;

/** Time without publications before a month is built, plus ten minutes, in milliseconds. */
const QUIET_MS = 6 * HOUR + 10 * MINUTE;

/** Most passes of the supervisor until all months are built. */
const MAX_PASSES = 400;

/** Days whose row groups D1 keeps: fewer than a month's query reads. */
const KEPT_DAYS = 2;

/**
 * After recovery, when the month is over:
 * - Its older days are backfilled.
 * - The month is built under faults.
 * - Some days are published anew or deleted, and the month is built again.
 */
export async function playMonths(world: World, deployment: Deployment, plant: Plant): Promise<void> {
  const { random } = world;
  const name = (job: string) => `${job}@${world.now}`;
  const ended = async (process: Process) => {
    await world.run(world.now + HOUR, () => !process.alive);
    if (process.alive) throw new Violation(`${process.name} does not end`);
  };
  const quiet = async () => {
    await backfilled(world, deployment, ended);
    await settled(world, deployment, ended);
  };
  world.trace("a month is over");
  world.now = Math.max(world.now, MONTHS_BEGIN);
  endSettling(deployment);
  deployment.deploy({ hotDays: KEPT_DAYS, keepsMonths: !random.chance(0.05) });
  await ended(deployment.startBackfill(name("start"), OLDEST / DAY, TODAY / DAY - 2, "all"));
  await quiet();
  const rounds = random.pick([1, 2, 2]);
  for (let round = 0; round < rounds; round++) {
    if (round > 0 && random.chance(0.7)) {
      publishAnew(world, deployment, plant);
      await quiet();
    }
    world.now += QUIET_MS;
    world.isHealing = false;
    const deleted = disturb(world, deployment, plant, world.now + (1 + random.below(2)) * HOUR);
    await world.run(world.now + 2 * HOUR);
    world.isHealing = true;
    world.skew = 0;
    if (round > 0 && random.chance(0.1)) deployment.deploy({ keepsMonths: !deployment.keepsMonths });
    await world.run(world.now + 20 * MINUTE);
    await backfilled(world, deployment, ended);
    for (const one of deleted) await one.finish(ended);
    await built(world, deployment, plant, ended);
    await checkMonths(world, deployment, plant);
    await world.run(world.now + MINUTE);
  }
  // The daily cron sweeps remains of dead builds two days after they were written.
  world.now += 2 * DAY + HOUR;
  await ended(deployment.etlCron(name("daily"), "21 3 * * *"));
  await checkMonths(world, deployment, plant);
  const litter = [...deployment.bucket.objects.keys()].find((key) => key.startsWith("staging/"));
  if (litter !== undefined) world.violate(`left behind by a month's build: ${litter}`);
  await world.run(world.now);
}

/** Marks all days as settled, because playing their settlings takes longer than the months. */
function endSettling({ database }: Deployment): void {
  const sql = "UPDATE settle_days SET due_at = NULL WHERE due_at IS NOT NULL";
  const rest =
    "INSERT INTO settle_days (site_id, day, step) SELECT s.id, d.value, 0 FROM sites s, json_each(?1) d WHERE true ON CONFLICT DO NOTHING";
  const days = Array.from({ length: 5 }, (_, i) => TODAY / DAY + i);
  database.transaction([
    { sql, values: [] },
    { sql: rest, values: [JSON.stringify(days)] },
  ]);
}

/** Backfills days of the month again, some with values that the upstream corrected since. */
function publishAnew(world: World, deployment: Deployment, plant: Plant): void {
  const { random, now } = world;
  const first = OLDEST / DAY + random.below(5);
  const last = Math.min(first + random.below(2), TODAY / DAY);
  for (const sample of [...plant.samples.values()].flat()) {
    const day = Math.floor(sample.time / DAY);
    if (day < first || day > last || sample.correction !== null || !random.chance(0.3)) continue;
    sample.correction = { at: now, text: String(random.below(1_000) + 0.5) };
  }
  deployment.startBackfill(`start@${now}`, first, last, "all");
}

/** A deletion that has begun. */
interface BegunDeletion {
  /** Deletes until everything is gone and no longer served. */
  readonly finish: (ended: (process: Process) => Promise<void>) => Promise<void>;
}

/** Draws the events until `end`. */
function disturb(world: World, deployment: Deployment, plant: Plant, end: number): readonly BegunDeletion[] {
  const { random, now: start } = world;
  const name = (job: string) => `${job}@${world.now}`;
  const at = (time: number, act: () => void) =>
    world.after(time - start, () => {
      if (!world.isHealing) act();
    });
  const sometimes = (share: number, most: number, act: () => void) => {
    const times = random.chance(share) ? 1 + random.below(most) : 0;
    for (let i = 0; i < times; i++) at(start + random.below(end - start), act);
  };
  const deleted: BegunDeletion[] = [];
  const remove = () => {
    // Like the route: not while a backfill runs.
    const running = deployment.database.rows("SELECT 1 FROM backfill_jobs WHERE status = 'in_progress'");
    if (running.length === 0 && deleted.length === 0) deleted.push(beginDeletion(world, deployment, plant));
  };
  const ask = () => askBesides(name("asks"), world, deployment, plant);
  const supervise = () => deployment.superviseCron(name("supervise"));
  const anew = () => publishAnew(world, deployment, plant);
  const day = () => OLDEST / DAY + random.below(5);
  const mayDelete = random.chance(0.4);
  scriptMonthSeams(world, deployment, {
    ask,
    supervise,
    anew,
    remove: mayDelete ? remove : ask,
    repair: () => deployment.rebuildManifest(name("rebuild")),
    archive: () => deployment.archive(name("archive"), day()),
  });
  for (let time = start; time < end; time += 5 * MINUTE) if (random.chance(0.8)) at(time, supervise);
  sometimes(1, 3, ask);
  sometimes(0.2, 1, anew);
  sometimes(mayDelete ? 1 : 0, 1, remove);
  sometimes(0.1, 1, () => deployment.rebuildManifest(name("rebuild")));
  sometimes(0.2, 2, () => {
    for (const process of world.processes) if (random.chance(0.7)) world.kill(process);
  });
  sometimes(0.2, 2, () => {
    const { running } = deployment.workflows;
    const chosen = running[random.below(running.length)];
    if (chosen !== undefined) deployment.workflows.terminate(chosen);
  });
  return deleted;
}

function beginDeletion(world: World, deployment: Deployment, plant: Plant): BegunDeletion {
  const { random } = world;
  const { ledger } = deployment;
  const site = random.pick([plant.sites[0]!, ...plant.sites]);
  const points = plant.points.filter((point) => point.site === site && point.configuredAt === 0);
  const first = OLDEST / DAY + random.below(5);
  const what: Deletable =
    random.chance(0.5) && points[0] !== undefined
      ? { site, point: random.pick([points[0], ...points]).name }
      : { site, first, last: first };
  world.trace(`deletes ${JSON.stringify(what)}`);
  const isMeant = (key: string) => {
    if ("point" in what) return key.startsWith(`${what.point} `);
    const day = dayOfKey(key);
    // The weather of every site has the same names.
    return day >= what.first && day <= what.last && (key.startsWith(`${site}/`) || key.startsWith("weather."));
  };
  // The upstream no longer has them either.
  for (const sample of plant.samples.get(site) ?? []) {
    if (isMeant(`${sample.point.name} ${sample.time}`)) sample.visibleAt = Number.POSITIVE_INFINITY;
  }
  const keys = ledger.forget(isMeant);
  const told = { isDone: false };
  const run = () => deployment.delete(`delete@${world.now}`, what, () => (told.isDone = true));
  run();
  const finish: BegunDeletion["finish"] = async (ended) => {
    for (let tries = 0; !told.isDone || tries === 0; tries++) {
      if (tries > 10) throw new Violation(`the deletion does not end: ${JSON.stringify(what)}`);
      await ended(run());
    }
    ledger.unserve(keys);
    checkNamed(world, deployment, plant);
  };
  return { finish };
}

/** Runs the crons until every month that is over and settled is built. */
async function built(
  world: World,
  deployment: Deployment,
  plant: Plant,
  ended: (process: Process) => Promise<void>,
): Promise<void> {
  let lacks: string | null = null;
  for (let passes = 0; passes < MAX_PASSES; passes++) {
    await settled(world, deployment, ended);
    lacks = unbuiltMonth(deployment, plant);
    if (lacks === null) return;
    world.now += HOUR;
  }
  throw new Violation(`a month is not built: ${lacks}`);
}
