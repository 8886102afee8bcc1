import { decodeSlice } from "@building-vitals/core/rollups/hour-slice";
import { PackedMonths, parsePackedRows } from "@building-vitals/core/rollups/packed-months";
import { pointsOfRow } from "@building-vitals/core/rollups/read-rows";
import { KEPT_ID } from "@building-vitals/core/store/kept-groups";
import { z } from "zod";
import { askFor, askForLatest } from "./ask.ts";
import type { Deployment } from "./deployment.ts";
import { checkFollowed, checkPunctual, checkSettled } from "./lateness-check.ts";
import { DAY, HOUR, type Plant, TODAY } from "./plant.ts";
import { checkQuality } from "./quality-check.ts";
import { dayOfKey, type Samples, sampleKey } from "./storage.ts";
import type { World } from "./world.ts";

/** Days of all simulated samples, whole days since 1970. */
const FIRST_DAY = TODAY / DAY - 2;
const LAST_DAY = TODAY / DAY + 4;

/** All stored samples of a site, of both levels. */
async function storedOf(deployment: Deployment, site: string): Promise<Samples> {
  const all: Samples = new Map();
  for (let day = FIRST_DAY; day <= LAST_DAY; day++) {
    const stored = await deployment.storage.day(site, day);
    deployment.ledger.checkDay(site, day, stored);
    for (const [key, value] of stored) all.set(key, value);
  }
  return all;
}

/** Start of the last completed requests of each kind, epoch ms. */
export interface AskedFor {
  /** by the sync */
  readonly synced: number;
  /** of the open gaps; negative infinity: not requested */
  readonly gaps: number;
  /** of the closed days; negative infinity: not requested */
  readonly days: number;
}

/** Checks all invariants after a time without faults. */
export async function checkRecovered(
  world: World,
  deployment: Deployment,
  plant: Plant,
  asked: AskedFor,
): Promise<void> {
  const { ledger, gapBooks, lookbackMs } = deployment;
  for (const site of plant.sites) {
    const stored = await storedOf(deployment, site);
    checkPunctual(world, deployment, plant, site, stored);
    checkRollups(world, deployment, site, stored);
    checkFollowed(world, deployment, plant, site, stored, asked.synced);
    checkSettled(world, deployment, plant, site, stored, asked.days);
    gapBooks.checkSite(site, stored, (ledger.watermarks.get(site) ?? 0) - lookbackMs, asked.gaps);
    const today = Math.floor((world.clock - lookbackMs) / DAY);
    const whole = Math.min(today, Math.floor((ledger.watermarks.get(site) ?? 0) / DAY));
    const ended = new Set([...stored.keys()].map(dayOfKey).filter((day) => day < whole));
    checkQuality(world, deployment, plant, site, stored, [...ended]);
    const points = plant.points.filter((point) => point.site === site).map(({ name }) => name);
    const range = { start: FIRST_DAY * DAY, end: (LAST_DAY + 1) * DAY };
    for (const interval of ["raw", "1hr", "1day"] as const) {
      askFor(
        `asks for ${interval}`,
        world,
        deployment,
        { site, points, ...range, interval, readsAgain: false },
        stored,
      );
    }
    askForLatest("asks for the newest", world, deployment, site, points, stored);
  }
  checkKept(world, deployment);
  const pending = z.array(z.object({ backfill_id: z.string() }));
  const stuck = pending.parse(
    deployment.database.rows("SELECT backfill_id FROM backfill_jobs WHERE status = 'in_progress'"),
  );
  if (stuck.length > 0) world.violate(`stuck backfill ${stuck[0]?.backfill_id}`);
  const [left] = pending.parse(
    deployment.database.rows(
      `SELECT d.backfill_id FROM backfill_days d JOIN backfill_jobs j USING (backfill_id)
       WHERE d.outcome = 'pending' AND j.status = 'completed'`,
    ),
  );
  if (left !== undefined) world.violate(`backfill ${left.backfill_id} is completed with days left`);
}

const READ_ROWS = `
SELECT d.key, json(d.places) AS places, hex(d.hours) AS hours, CASE WHEN length(d.hours) = 0 THEN f.generation END AS packed
FROM block_days d
JOIN points p ON p.id = (SELECT min(id) FROM points WHERE id >> 4 = d.key >> 16)
LEFT JOIN day_files f ON f.site_id = p.site_id AND f.day = d.key & 65535`;
const rowSchema = z.array(
  z.object({ key: z.int(), places: z.string(), hours: z.string(), packed: z.int().nullable() }),
);
const nameSchema = z.array(z.object({ id: z.int(), name: z.string() }));
const hoursSchema = z.array(z.object({ hour: z.int() }));

/** An hour of `block_days` equals the sum of its samples, unless `hot_hours` says otherwise: migration 0004. */
export function checkRollups(world: World, { database }: Deployment, site: string, stored: Samples): void {
  const withoutRollups = new Set(
    hoursSchema
      .parse(
        database.rows(
          `SELECT h.hour FROM hot_hours h JOIN sites s ON s.id = h.site_id
           WHERE s.name = ?1 AND h.rolled_up_version IS NOT h.version`,
          site,
        ),
      )
      .map(({ hour }) => hour),
  );
  const points = nameSchema.parse(
    database.rows("SELECT p.id, p.name FROM points p JOIN sites s ON s.id = p.site_id WHERE s.name = ?1", site),
  );
  const names = new Map(points.map(({ id, name }) => [id, name]));
  const packed = new PackedMonths(
    parsePackedRows(database.rows("SELECT key, hex(head) AS head, hex(hours) AS hours FROM point_months")),
  );
  const rows = rowSchema.parse(database.rows(READ_ROWS)).flatMap((row) =>
    pointsOfRow(row)!.flatMap(({ pointId, slice }) => {
      const name = names.get(pointId);
      const day = row.key % 65_536;
      if (name === undefined) return [];
      if (row.packed === null) return [{ name, day, hours: decodeSlice(slice).hours }];
      return [{ name, day, hours: packed.find(pointId, day, row.packed)?.hours ?? [] }];
    }),
  );
  const expected = new Map<string, number[]>();
  for (const [key, value] of stored) {
    const hour = Math.floor(Number(key.slice(key.lastIndexOf(" ") + 1)) / HOUR) * HOUR;
    if (withoutRollups.has(hour)) continue;
    const values = expected.get(sampleKey(key.slice(0, key.lastIndexOf(" ")), hour)) ?? [];
    values.push(Number(value));
    expected.set(sampleKey(key.slice(0, key.lastIndexOf(" ")), hour), values);
  }
  for (const { name, day, hours } of rows) {
    hours.forEach((aggregate, i) => {
      const hour = day * DAY + i * HOUR;
      if (withoutRollups.has(hour)) return;
      const key = sampleKey(name, hour);
      const values = expected.get(key) ?? [];
      expected.delete(key);
      const { n, min, max, sum } = aggregate ?? { n: 0, min: 0, max: 0, sum: 0 };
      const largest = Math.max(0, ...values.map(Math.abs));
      const total = values.reduce((all, value) => all + value, 0);
      const isSame = n === values.length && (n === 0 || (min === Math.min(...values) && max === Math.max(...values)));
      if (!isSame || Math.abs(sum - total) > 1e-9 * largest * Math.max(1, n)) {
        world.violate(`rollup of ${key}: found ${JSON.stringify(aggregate)}, its samples are ${values.join()}`);
      }
    });
  }
  const [lacking] = expected.keys();
  if (lacking !== undefined) world.violate(`rollups lack ${lacking} of day ${dayOfKey(lacking)}`);
}

const keptSchema = z.array(z.object({ day: z.int(), sha256: z.string().nullable(), kept_id: z.int().nullable() }));
const contentSchema = z.array(z.object({ sha256: z.string() }));

/** The row groups that D1 keeps of a day belong to the file in the manifest. */
function checkKept(world: World, { database, hasLostKept }: Deployment): void {
  for (const { day, sha256, kept_id: id } of keptSchema.parse(
    database.rows(`SELECT day, sha256, ${KEPT_ID} FROM day_files`),
  )) {
    if (id === null) continue;
    const [content] = contentSchema.parse(database.rows("SELECT sha256 FROM kept_files WHERE id = ?1", id));
    if (content?.sha256 !== sha256) world.violate(`day ${day}: kept row groups belong to another file`);
    const [group] = database.rows(
      "SELECT 1 FROM kept_groups WHERE key >= ?1 << 32 AND key < (?1 + 1) << 32 LIMIT 1",
      id,
    );
    if (group === undefined && !hasLostKept)
      world.violate(`day ${day} is marked as kept whole, but no row group is kept`);
  }
}

/** Builds leave nothing behind, two days after the last of them. */
export function checkTidied(world: World, { bucket }: Deployment): void {
  const litter = [...bucket.objects.keys()].find((key) => key.startsWith("staging/"));
  if (litter !== undefined) world.violate(`left behind: ${litter}`);
}
