import { z } from "zod";
import type { SentStatement, SimulatedDatabase } from "./database.ts";
import { CADENCE_MS, DAY, numberOf, type Plant, type PlantSample } from "./plant.ts";
import { does } from "./statement-forms.ts";
import { type Samples, sampleKey, type Storage } from "./storage.ts";
import type { Process, World } from "./world.ts";

/** All silences of four cadences and more are found; one barely over three may hide where an hour ends: decisions/0010. */
const FOUND_MS = 4 * CADENCE_MS;

/** How far our clock may stand beside the upstream's, and so what it says of when something was. */
const SKEW_MS = 4 * 60_000;

const begunSchema = z.array(z.tuple([z.int(), z.int()]).rest(z.unknown()));

const gapSchema = z.array(
  z.object({
    /** site id, point id and start */
    place: z.string(),
    site: z.string(),
    /** null: the whole site */
    point: z.string().nullable(),
    start: z.int(),
    end: z.int().nullable(),
    state: z.enum(["open", "repaired", "confirmed-empty"]),
    detected_at: z.int(),
    resolved_at: z.int().nullable(),
    attempts: z.int(),
    /** samples are coming for it: what follows was not asked for yet */
    filled_to: z.int().nullable(),
  }),
);
type GapRow = z.infer<typeof gapSchema>[number];
const GAPS = `
SELECT g.site_id || ' ' || g.point_id || ' ' || g.start AS place, s.name AS site, p.name AS point, g.start, g.end, g.state, g.detected_at, g.resolved_at, g.attempts,
  g.filled_to
FROM gaps g JOIN sites s ON s.id = g.site_id LEFT JOIN points p ON p.id = g.point_id`;

const pointSchema = z.array(z.object({ name: z.string(), first_seen: z.int() }));
const knownSchema = z.array(z.object({ sync_from_day: z.int() }));
const daySchema = z.array(z.object({ day: z.int() }));

/** Checks the recorded gaps against the upstream's samples. */
export class GapBooks {
  readonly #world: World;
  readonly #plant: Plant;
  readonly #database: SimulatedDatabase;
  readonly #storage: Storage;
  readonly #confirmMs: number;
  readonly #seen = new Set<string>();
  /** gaps that had no end when they were seen */
  readonly #wentOn = new Set<string>();
  /** by place of a gap, when the run began that found samples for it first; epoch ms */
  readonly #fillingSince = new Map<string, number>();

  constructor(world: World, plant: Plant, database: SimulatedDatabase, storage: Storage, confirmMs: number) {
    this.#world = world;
    this.#plant = plant;
    this.#database = database;
    this.#storage = storage;
    this.#confirmMs = confirmMs;
  }

  /** Runs at every commit. */
  noteCommit(statements: readonly SentStatement[], by: Process): void {
    for (const { sql, values } of statements) {
      if (!does("beginsFilling", sql)) continue;
      for (const [start, point] of begunSchema.parse(JSON.parse(String(values[1])))) {
        const place = `${values[0]} ${point} ${start}`;
        if (!this.#fillingSince.has(place)) this.#fillingSince.set(place, by.startedAt);
      }
    }
    if (!statements.some(({ sql }) => does("changesGaps", sql))) return;
    for (const gap of this.#gaps("1")) {
      if (gap.filled_to !== null) this.#inheritFilling(gap);
      const row = `${gap.site} ${gap.point ?? ""} ${gap.start}`;
      if (gap.end === null) this.#wentOn.add(row);
      if (gap.state === "open") continue;
      const key = JSON.stringify(gap);
      if (this.#seen.has(key)) continue;
      this.#seen.add(key);
      // Of one that went on the first hour was asked for; what single points lack of the site's is their own gap when it is
      // over.
      const wasAskedFor = gap.point !== null && gap.attempts > 0 && !this.#wentOn.has(row);
      if (gap.state === "repaired" && !wasAskedFor) continue;
      this.#world.check(() => this.#checkOver(gap));
    }
  }

  /** The rest of a gap in which samples arrived is a new gap, which the same run was asking for. */
  #inheritFilling({ place, start }: GapRow): void {
    if (this.#fillingSince.has(place)) return;
    const ofPoint = place.slice(0, place.lastIndexOf(" ") + 1);
    const before = [...this.#fillingSince]
      .map(([other, since]) => ({ start: Number(other.slice(ofPoint.length)), since, isOf: other.startsWith(ofPoint) }))
      .filter((other) => other.isOf && other.start < start)
      .sort((a, b) => b.start - a.start);
    if (before[0] !== undefined) this.#fillingSince.set(place, before[0].since);
  }

  #gaps(where: string): GapRow[] {
    return gapSchema.parse(this.#database.rows(`${GAPS} WHERE ${where}`));
  }

  /** A gap that ended, because samples arrived or none exist, hides no sample of the upstream. */
  async #checkOver({ place, site, point, start, end, state, detected_at: detectedAt }: GapRow): Promise<void> {
    if (end === null) return this.#world.violate(`a gap of ${site} is over, and has no end`);
    // during a point's silence the site's gap is asked for, and the rest may be too short to be a gap
    const ofSite = this.#gaps("g.point_id = 0 AND g.state <> 'repaired'").filter((gap) => gap.site === site);
    const isLeft = (time: number) =>
      state === "repaired" &&
      ofSite.some((gap) => time > gap.start - FOUND_MS && time < (gap.end ?? Number.POSITIVE_INFINITY) + FOUND_MS);
    // the last proof began so long after its end; later samples were asked for after they appeared, by one run or its
    // successors
    const askedAt = Math.max(detectedAt - SKEW_MS, this.#fillingSince.get(place) ?? 0);
    const until = state === "confirmed-empty" ? end + this.#confirmMs - SKEW_MS : askedAt;
    const held = (this.#plant.samples.get(site) ?? []).filter(
      (sample) =>
        sample.time >= start &&
        sample.time < end &&
        sample.visibleAt <= until &&
        (point === null ? sample.point.configuredAt === 0 : sample.point.name === point && !isLeft(sample.time)) &&
        isNumber(sample),
    );
    for (const sample of held) {
      const stored = await this.#storage.day(site, Math.floor(sample.time / DAY));
      const key = sampleKey(sample.point.name, sample.time);
      if (!stored.has(key)) {
        const about = `${site} ${point ?? ""} [${start}, ${end})`;
        this.#world.violate(`the gap ${about} is ${state}, and ${key}, which the upstream has, is not stored`);
      }
    }
  }

  /** What must hold of a site's gaps when all that were due have been asked for. @param askedAt of all of them */
  checkSite(site: string, stored: Samples, until: number, askedAt: number): void {
    const gaps = this.#gaps("1").filter((gap) => gap.site === site);
    const points = pointSchema.parse(
      this.#database.rows(
        `SELECT p.name, p.first_seen FROM points p JOIN sites s ON s.id = p.site_id
         WHERE s.name = ?1 AND p.configured = 1 AND p.source = 'catalog' AND p.first_seen IS NOT NULL`,
        site,
      ),
    );
    for (const { name, first_seen: firstSeen } of points) {
      const times = [...stored.keys()]
        .filter((key) => key.startsWith(`${name} `))
        .map((key) => Number(key.slice(name.length + 1)))
        .sort((a, b) => a - b);
      const own = gaps.filter((gap) => gap.state !== "repaired" && (gap.point === name || gap.point === null));
      const begun = own.find((gap) => gap.end !== null && gap.filled_to !== null);
      if (begun !== undefined && Number.isFinite(askedAt))
        this.#world.violate(`all was asked for, and yet not to the end of the gap ${JSON.stringify(begun)}`);
      const wrong = own.find(
        ({ point, start, end, filled_to: filledTo }) =>
          point !== null && times.some((time) => time >= start && time < Math.min(end ?? until, filledTo ?? until)),
      );
      if (wrong !== undefined) this.#world.violate(`there is a sample in the gap ${JSON.stringify(wrong)}`);
      for (const range of this.#known(site, until)) {
        const domain = { start: Math.max(range.start, firstSeen), end: range.end };
        this.#checkSilences(name, times, domain, own);
        this.#checkSamples(site, name, times, domain, own, askedAt);
      }
    }
  }

  /** Stretches of time whose samples are all known: those that the sync has passed, and days that were built from the API. */
  #known(site: string, until: number): { start: number; end: number }[] {
    const [looked] = knownSchema.parse(
      this.#database.rows(
        "SELECT sync_from_day FROM gap_sites g JOIN sites s ON s.id = g.site_id WHERE s.name = ?1",
        site,
      ),
    );
    const built = daySchema.parse(
      this.#database.rows(
        `SELECT f.day FROM day_files f JOIN sites s ON s.id = f.site_id
         WHERE s.name = ?1 AND f.source = 'api' AND f.state IN ('written', 'confirmed-empty') ORDER BY f.day`,
        site,
      ),
    );
    const ranges = built.map(({ day }) => ({ start: day * DAY, end: (day + 1) * DAY }));
    if (looked !== undefined) ranges.push({ start: looked.sync_from_day * DAY, end: until });
    ranges.sort((a, b) => a.start - b.start);
    const merged: { start: number; end: number }[] = [];
    for (const range of ranges.filter(({ start, end }) => start < end)) {
      const last = merged.at(-1);
      if (last !== undefined && range.start <= last.end) last.end = Math.max(last.end, range.end);
      else merged.push({ ...range });
    }
    return merged;
  }

  /** A silence that is long enough is a gap of the point or of the site, all but what no tolerance tells of. */
  #checkSilences(
    name: string,
    times: readonly number[],
    { start, end }: { readonly start: number; readonly end: number },
    gaps: readonly GapRow[],
  ): void {
    const inside = times.filter((time) => time >= start && time < end);
    [start, ...inside].forEach((from, i) => {
      const to = inside[i] ?? end;
      if (to - from <= FOUND_MS) return;
      const piece = widest({ start: from + 1, end: to }, gaps);
      if (piece > FOUND_MS)
        this.#world.violate(`no gap tells of the silence of ${name} from ${from} to ${to}: ${JSON.stringify(gaps)}`);
    });
  }

  /** All samples that the upstream had in a gap, when it was asked, are stored. */
  #checkSamples(
    site: string,
    name: string,
    times: readonly number[],
    { start, end }: { readonly start: number; readonly end: number },
    gaps: readonly GapRow[],
    askedAt: number,
  ): void {
    const stored = new Set(times);
    for (const sample of this.#plant.samples.get(site) ?? []) {
      const { time, point, visibleAt } = sample;
      if (point.name !== name || time < start || time >= end || stored.has(time) || !isNumber(sample)) continue;
      const gap = gaps.find((one) => time >= one.start && time < (one.end ?? Number.POSITIVE_INFINITY));
      if (gap === undefined || gap.end === null || visibleAt > askedAt) continue;
      // what was there when it was confirmed, was looked for then
      if (gap.state === "confirmed-empty") continue;
      this.#world.violate(
        `${name} ${time} is in the gap ${JSON.stringify(gap)}, was there to be asked for, and is not stored`,
      );
    }
  }
}

/** Whether the upstream says a number of it whenever it is asked. */
function isNumber({ text, correction }: PlantSample): boolean {
  return numberOf(text) !== null && (correction === null || numberOf(correction.text) !== null);
}

/** The longest stretch of a range that lies in no gap. */
function widest(range: { readonly start: number; readonly end: number }, gaps: readonly GapRow[]): number {
  let [from, longest] = [range.start, 0];
  for (const { start, end } of gaps.toSorted((a, b) => a.start - b.start)) {
    longest = Math.max(longest, Math.min(start, range.end) - from);
    from = Math.max(from, end ?? Number.POSITIVE_INFINITY);
  }
  return Math.max(longest, range.end - from);
}
