import { monthFileKey } from "@building-vitals/core/r2/month-file-key";
import { monthDays, monthOf } from "@building-vitals/core/domain/month";
import { z } from "zod";
import { askFor } from "./ask.ts";
import type { Deployment } from "./deployment.ts";
import { checkRollups } from "./invariants.ts";
import { DAY, OLDEST, type Plant, TODAY } from "./plant.ts";
import type { Samples } from "./storage.ts";
import type { World } from "./world.ts";

const MONTH = monthOf(TODAY / DAY);

const daySchema = z.array(z.object({ day: z.int(), generation: z.int() }));
const DAYS = `
SELECT f.day, f.generation FROM day_files f JOIN sites s ON s.id = f.site_id
WHERE s.name = ?1 AND f.day >= ?2 AND f.day < ?3 AND f.state = 'written' AND f.etag IS NOT NULL`;

const generationsSchema = z
  .string()
  .transform((text): unknown => JSON.parse(text))
  .pipe(z.array(z.int().nullable()));
const monthSchema = z.array(
  z.object({
    key: z.string().nullable(),
    etag: z.string().nullable(),
    bytes: z.int().nullable(),
    rows: z.int().nullable(),
    days: generationsSchema,
    generation: z.int(),
    located: z.int(),
    packed: generationsSchema,
    instance: z.string().nullable(),
    attempts: z.int(),
    reason: z.string().nullable(),
  }),
);
const MONTHS = "SELECT m.* FROM month_files m JOIN sites s ON s.id = m.site_id WHERE s.name = ?1 AND m.month = ?2";

/** By day of the month: the generation of its file; null without a file. */
function wantedOf({ database }: Deployment, site: string): (number | null)[] {
  const { first, end } = monthDays(MONTH);
  const rows = daySchema.parse(database.rows(DAYS, site, first, end));
  const byDay = new Map(rows.map(({ day, generation }) => [day, generation]));
  return Array.from({ length: end - first }, (_, i) => byDay.get(first + i) ?? null);
}

const monthRow = ({ database }: Deployment, site: string) =>
  monthSchema.parse(database.rows(MONTHS, site, MONTH))[0] ?? null;

/** The first unfinished part of a site's month; null: all is done. */
export function unbuiltMonth(deployment: Deployment, { sites }: Plant): string | null {
  for (const site of sites) {
    const wanted = wantedOf(deployment, site);
    const row = monthRow(deployment, site);
    const isEmpty = wanted.every((generation) => generation === null);
    if (row === null) {
      if (isEmpty) continue;
      return `${site} has none`;
    }
    const isSame = (days: readonly (number | null)[]) => JSON.stringify(days) === JSON.stringify(wanted);
    const about = `${site}: ${JSON.stringify({ row, wanted })}`;
    if (row.instance !== null || row.attempts > 0 || row.reason !== null) return about;
    const keepsFile = deployment.keepsMonths && !isEmpty;
    if (keepsFile !== (row.key !== null)) return about;
    if (keepsFile && !(isSame(row.days) && row.located === row.generation)) return about;
    if (!isEmpty && !isSame(row.packed)) return about;
  }
  return null;
}

/** D1 names exactly the month files that R2 has. Call this while nothing runs. */
export function checkNamed(world: World, deployment: Deployment, { sites }: Plant): void {
  for (const site of sites) {
    const object = deployment.bucket.objects.get(monthFileKey(site, MONTH));
    const named = monthRow(deployment, site)?.etag ?? null;
    if ((object?.etag ?? null) !== named) {
      world.violate(`${site}: D1 names ${named ?? "no month file"}, R2 has ${object?.etag ?? "none"}`);
    }
  }
}

/** Checks a built month: its file and every answer equal its days. */
export async function checkMonths(world: World, deployment: Deployment, plant: Plant): Promise<void> {
  const { bucket, storage, ledger } = deployment;
  const { first, end } = monthDays(MONTH);
  checkNamed(world, deployment, plant);
  for (const site of plant.sites) {
    const key = monthFileKey(site, MONTH);
    const object = bucket.objects.get(key);
    const row = monthRow(deployment, site);
    const filed: Samples = new Map();
    const stored: Samples = new Map();
    for (let day = first; day < end; day++) {
      for (const [sample, value] of await storage.cold(site, day)) filed.set(sample, value);
      const all = await storage.day(site, day);
      ledger.checkDay(site, day, all);
      for (const [sample, value] of all) stored.set(sample, value);
    }
    if (object !== undefined) checkCopy(world, key, filed, await storage.month(site, MONTH), row?.rows ?? null);
    // There may be samples of the days after the month too.
    const later: Samples = new Map(stored);
    for (let day = end; day < end + 3; day++) {
      for (const [sample, value] of await storage.day(site, day)) later.set(sample, value);
    }
    checkRollups(world, deployment, site, later);
    const points = plant.points.filter((point) => point.site === site).map(({ name }) => name);
    for (const interval of ["raw", "1hr", "1day"] as const) {
      const range = { start: OLDEST, end: end * DAY };
      const question = { site, points, ...range, interval, readsAgain: world.random.chance(0.5) };
      askFor(`asks for ${interval} of the month`, world, deployment, question, stored);
    }
  }
}

function checkCopy(world: World, key: string, filed: Samples, copied: Samples, rows: number | null): void {
  for (const [sample, value] of copied) {
    if (filed.get(sample) !== value) world.violate(`${key} has ${sample} = ${value}, its day ${filed.get(sample)}`);
  }
  if (copied.size !== filed.size || rows !== filed.size) {
    world.violate(`${key} has ${copied.size} samples, D1 says ${rows}, and its days have ${filed.size}`);
  }
}
