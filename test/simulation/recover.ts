import type { RebuiltDay } from "@building-vitals/core/rebuild/rebuild-day";
import type { Deployment } from "./deployment.ts";
import { checkRecovered, checkTidied } from "./invariants.ts";
import { DAY, HOUR, MINUTE, type Plant, TODAY } from "./plant.ts";
import { z } from "zod";
import { type Process, Violation, type World } from "./world.ts";

/** Most syncs to catch up; more mean a stuck sync. */
const MAX_SYNCS = 60;

/** Most hourly crons to request all gaps, a few pages each. */
const MAX_REPAIRS = 100;

/** Most passes of the supervisor, one every five minutes, until a backfill has ended. */
const MAX_PASSES = 400;

/** Interval between syncs of a late site in the days after the faults stop, in milliseconds. */
const FOLLOWED_EVERY_MS = 7 * HOUR;

/** Lets all processes end without faults, and checks the invariants. */
export async function recover(world: World, deployment: Deployment, plant: Plant): Promise<void> {
  world.isHealing = true;
  world.skew = 0;
  world.trace("heals");
  const name = (job: string) => `${job}@${world.now}`;
  const ended = async (process: Process) => {
    await world.run(world.now + HOUR, () => !process.alive);
    if (process.alive) throw new Violation(`${process.name} does not end`);
  };
  const sync = () => ended(deployment.etlCron(name("sync"), "*/5 * * * *"));
  const never = Number.NEGATIVE_INFINITY;
  // Processes under way still meet their faults, because they began before.
  await world.run(world.now + 20 * MINUTE);
  await caughtUp(world, deployment, plant, sync);
  await backfilled(world, deployment, ended);
  if (world.random.chance(0.1)) {
    const start = deployment.startBackfill(name("start"), TODAY / DAY - 2, TODAY / DAY - 1, "all");
    await ended(start);
    await backfilled(world, deployment, ended);
  }
  await ended(deployment.archive(name("archive"), TODAY / DAY - 1));
  await world.run(world.now + 15 * MINUTE);
  let synced = await caughtUp(world, deployment, plant, sync);
  const hourly = () => ended(deployment.etlCron(name("hourly"), "6 * * * *"));
  await hourly();
  if (world.random.chance(0.2)) deployment.loseKept();
  await checkRecovered(world, deployment, plant, { synced, gaps: never, days: never });
  await world.run(world.now + MINUTE);
  // The daily cron sweeps remains of dead builds after two days. No gap waits for longer than a day.
  const until = world.now + 2 * DAY + HOUR;
  // A late site is followed by syncs. A sync that is more than a day behind would leave the days between to settling.
  const isFollowed = [...plant.lateness.values()].some(({ kind }) => kind === "site");
  if (isFollowed) synced = await followed(world, until, () => caughtUp(world, deployment, plant, sync));
  world.now = Math.max(world.now, until);
  const askedAt = world.now;
  const isCaughtUp = isFollowed || world.random.chance(0.3);
  if (isCaughtUp) synced = await caughtUp(world, deployment, plant, sync);
  await filled(world, deployment, hourly);
  // Builds a day without an earlier file: its weather is only in segments.
  if (isCaughtUp && world.random.chance(0.7)) {
    await ended(deployment.startBackfill(name("start"), TODAY / DAY, TODAY / DAY, "all"));
    await backfilled(world, deployment, ended);
  }
  // A confirming request may have begun before.
  world.now += DAY + HOUR;
  const settledAt = world.now;
  await settled(world, deployment, ended);
  await filled(world, deployment, hourly);
  await ended(deployment.etlCron(name("daily"), "21 3 * * *"));
  await filled(world, deployment, hourly);
  checkTidied(world, deployment);
  await checkRecovered(world, deployment, plant, { synced, gaps: askedAt, days: settledAt });
  const unpublished = deployment.storage.unpublishedFiles();
  const seen = ({ key, outcome, reason }: RebuiltDay) => {
    const expected = unpublished.has(key) ? "rebuilt" : "unchanged";
    if (outcome !== expected) world.violate(`the rebuild finds ${key} to be ${outcome}: ${reason}`);
  };
  await ended(deployment.rebuildManifest(name("rebuild"), seen));
  await world.run(world.now);
}

/** Runs hourly crons until no gap is due. Each gap was requested then, and the upstream's samples in it are stored. */
async function filled(world: World, { database, lookbackMs }: Deployment, hourly: () => Promise<void>): Promise<void> {
  for (let runs = 0; runs < MAX_REPAIRS; runs++) {
    await hourly();
    const due = database.rows(
      // A settled day may report gaps ahead of the sync. They are requested when the sync has passed them.
      `SELECT 1 FROM gaps g JOIN sync_state y USING (site_id)
       WHERE g.state = 'open' AND g.end IS NOT NULL AND g.next_attempt_at <= ?1 AND g.start < y.watermark - ?2 LIMIT 1`,
      world.clock,
      lookbackMs,
    );
    if (due.length === 0) return;
    await world.run(world.now + MINUTE);
  }
  throw new Violation("gap repair does not end");
}

/** @returns start of the last sync, epoch ms */
async function caughtUp(
  world: World,
  { ledger }: Deployment,
  plant: Plant,
  sync: () => Promise<void>,
): Promise<number> {
  for (let syncs = 0; syncs < MAX_SYNCS; syncs++) {
    const began = world.clock;
    await sync();
    if (plant.sites.every((site) => (ledger.watermarks.get(site) ?? 0) >= began)) return began;
    await world.run(world.now + 30_000);
  }
  throw new Violation("the sync does not catch up");
}

/** Syncs at intervals until a time. @returns start of the last sync, epoch ms */
async function followed(world: World, until: number, sync: () => Promise<number>): Promise<number> {
  for (;;) {
    const synced = await sync();
    if (world.now >= until) return synced;
    world.now += FOLLOWED_EVERY_MS;
  }
}

const dueSchema = z.array(z.object({ due_at: z.int() }));

/**
 * Runs the settling crons until no day is due and none waits for a retry. Samples that a sync passed over are stored
 * then.
 */
export async function settled(
  world: World,
  deployment: Deployment,
  ended: (process: Process) => Promise<void>,
): Promise<void> {
  for (let passes = 0; passes < MAX_PASSES; passes++) {
    await ended(deployment.superviseCron(`supervise@${world.now}`));
    await world.run(world.now + 5 * MINUTE);
    const [due] = dueSchema.parse(
      deployment.database.rows(
        "SELECT due_at FROM settle_days WHERE due_at <= ?1 OR attempts > 0 ORDER BY due_at LIMIT 1",
        world.clock,
      ),
    );
    if (deployment.workflows.running.length > 0) continue;
    if (due === undefined) return;
    world.now = Math.max(world.now, due.due_at);
  }
  throw new Violation("settling does not end");
}

export async function backfilled(
  world: World,
  deployment: Deployment,
  ended: (process: Process) => Promise<void>,
): Promise<void> {
  for (let passes = 0; passes < MAX_PASSES; passes++) {
    const rows = deployment.database.rows("SELECT 1 FROM backfill_jobs WHERE status = 'in_progress'");
    if (rows.length === 0 && deployment.workflows.running.length === 0) return;
    await ended(deployment.superviseCron(`supervise@${world.now}`));
    await world.run(world.now + 5 * MINUTE);
  }
  throw new Violation("a backfill does not end");
}
