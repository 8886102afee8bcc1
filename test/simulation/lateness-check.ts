import { z } from "zod";
import type { Deployment } from "./deployment.ts";
import { DAY, numberOf, type Plant, type PlantSample } from "./plant.ts";
import { type Samples, sampleKey } from "./storage.ts";
import { isPunctual, textAt } from "./upstream.ts";
import type { World } from "./world.ts";

const firstDaySchema = z.array(z.object({ sync_from_day: z.int() }));
const waitingSchema = z.array(z.object({ day: z.int(), at: z.int() }));
const nameSchema = z.array(z.object({ name: z.string() }));

/** Each sample that was visible to every window over its time is stored, up to the watermark less the lookback. */
export function checkPunctual(
  world: World,
  { ledger, lookbackMs }: Deployment,
  plant: Plant,
  site: string,
  stored: Samples,
): void {
  const from = ledger.coveredFrom.get(site) ?? Number.POSITIVE_INFINITY;
  const until = (ledger.watermarks.get(site) ?? 0) - lookbackMs;
  for (const sample of plant.samples.get(site) ?? []) {
    const { time, point, text, correction } = sample;
    if (time < from || time >= until || point.configuredAt > 0 || !isPunctual(sample)) continue;
    if (numberOf(text) === null || (correction !== null && numberOf(correction.text) === null)) continue;
    if (!stored.has(sampleKey(point.name, time))) {
      world.violate(`the watermark is past ${sampleKey(point.name, time)}, which was never stored`);
    }
  }
}

/**
 * For a site that is late by a constant: each sample served when the last sync began is stored, from the start of the
 * first window on.
 * @param syncedAt start of that sync, epoch ms
 */
export function checkFollowed(
  world: World,
  { ledger }: Deployment,
  plant: Plant,
  site: string,
  stored: Samples,
  syncedAt: number,
): void {
  if (plant.lateness.get(site)?.kind !== "site") return;
  const from = ledger.coveredFrom.get(site) ?? Number.POSITIVE_INFINITY;
  for (const sample of plant.samples.get(site) ?? []) {
    const { point, time, visibleAt, isLateByChance } = sample;
    const isPromised = time >= from && visibleAt <= syncedAt && !isLateByChance && point.configuredAt === 0;
    if (isPromised && isNumber(sample, syncedAt) && !stored.has(sampleKey(point.name, time))) {
      world.violate(`${sampleKey(point.name, time)} was served by a site that is late, and the sync did not store it`);
    }
  }
}

/**
 * The settling of a day finds its samples, at any lateness.
 * @param settledAt start of the completed settling, epoch ms
 */
export function checkSettled(
  world: World,
  { database }: Deployment,
  plant: Plant,
  site: string,
  stored: Samples,
  settledAt: number,
): void {
  const [first] = firstDaySchema.parse(
    database.rows("SELECT sync_from_day FROM gap_sites g JOIN sites s ON s.id = g.site_id WHERE s.name = ?1", site),
  );
  const listed = new Set(
    nameSchema.parse(database.rows("SELECT name FROM points WHERE configured = 1")).map(({ name }) => name),
  );
  // A first settling that found nothing new is followed only by the last one. Samples that appear between them wait for
  // it.
  const waiting = new Map(
    waitingSchema
      .parse(
        database.rows(
          `SELECT y.day, y.settled_at AS at FROM settle_days y JOIN sites s ON s.id = y.site_id
           WHERE s.name = ? AND y.outcome = 'unchanged' AND y.due_at IS NOT NULL`,
          site,
        ),
      )
      .map(({ day, at }) => [day, at]),
  );
  const from = (first?.sync_from_day ?? Number.POSITIVE_INFINITY) * DAY;
  const until = Math.floor(settledAt / DAY) * DAY;
  for (const sample of plant.samples.get(site) ?? []) {
    const { point, time, visibleAt } = sample;
    const asked = Math.min(settledAt, waiting.get(Math.floor(time / DAY)) ?? settledAt);
    const isPromised = time >= from && time < until && visibleAt <= asked && listed.has(point.name);
    if (isPromised && isNumber(sample, settledAt) && !stored.has(sampleKey(point.name, time))) {
      world.violate(`${sampleKey(point.name, time)} was served before its day was settled, and is not stored`);
    }
  }
}

/** Whether the upstream serves a number for a sample at a time. */
function isNumber(sample: PlantSample, at: number): boolean {
  return numberOf(textAt(sample, at)) !== null;
}
