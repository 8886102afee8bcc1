import { z } from "zod";
import type { SentStatement, SimulatedDatabase } from "./database.ts";
import { CADENCE_MS, DAY, numberOf, type Plant, type PlantSample } from "./plant.ts";
import { does } from "./statement-forms.ts";
import { type Samples, sampleKey, type Storage } from "./storage.ts";
import type { Process, World } from "./world.ts";

/**
 * Every silence of at least four cadences is found. One barely over three may be missed at the end of an hour:
 * decisions/0010.
 */
const FOUND_MS = 4 * CADENCE_MS;

/** Largest difference of our clock and the upstream's, which is the error of our recorded times. */
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
    /** not null while samples arrive for the gap: its rest from here has not been requested yet */
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
  /** by gap: start of the run that first found samples for it, epoch ms */
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
      // Of an ongoing gap only the first hour was requested. Samples of single points that a site's gap lacks become
      // gaps of these points after its end.
      const wasAskedFor = gap.point !== null && gap.attempts > 0 && !this.#wentOn.has(row);
      if (gap.state === "repaired" && !wasAskedFor) continue;
      this.#world.check(() => this.#checkOver(gap));
    }
  }

  /** The rest of a gap in which samples arrived is a new gap, which the same run was requesting. */
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
    if (end === null) return this.#world.violate(`a closed gap of ${site} has no end`);
    // During a point's silence the site's gap is requested, and the rest may be too short to be a gap.
    const ofSite = this.#gaps("g.point_id = 0 AND g.state <> 'repaired'").filter((gap) => gap.site === site);
    const isLeft = (time: number) =>
      state === "repaired" &&
      ofSite.some((gap) => time > gap.start - FOUND_MS && time < (gap.end ?? Number.POSITIVE_INFINITY) + FOUND_MS);
    // The last request before `confirmed-empty` began `confirmMs` after the gap's end. Samples after `filled_to` were
    // requested after they appeared, by one run or its successors.
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
        this.#world.violate(`gap ${about} is ${state}, but the upstream's sample ${key} is not stored`);
      }
    }
  }

  /** Checks a site's gaps after all due ones were requested. @param askedAt start of these requests, epoch ms */
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
        this.#world.violate(`after all requests, a gap is still not requested to its end: ${JSON.stringify(begun)}`);
      const wrong = own.find(
        ({ point, start, end, filled_to: filledTo }) =>
          point !== null && times.some((time) => time >= start && time < Math.min(end ?? until, filledTo ?? until)),
      );
      if (wrong !== undefined) this.#world.violate(`a sample lies in the gap ${JSON.stringify(wrong)}`);
      for (const range of this.#known(site, until)) {
        const domain = { start: Math.max(range.start, firstSeen), end: range.end };
        this.#checkSilences(name, times, domain, own);
        this.#checkSamples(site, name, times, domain, own, askedAt);
      }
    }
  }

  /** Ranges with known samples: those behind the sync, and days built from the API. */
  #known(site: string, until: number): { start: number; end: number }[] {
    const [known] = knownSchema.parse(
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
    if (known !== undefined) ranges.push({ start: known.sync_from_day * DAY, end: until });
    ranges.sort((a, b) => a.start - b.start);
    const merged: { start: number; end: number }[] = [];
    for (const range of ranges.filter(({ start, end }) => start < end)) {
      const last = merged.at(-1);
      if (last !== undefined && range.start <= last.end) last.end = Math.max(last.end, range.end);
      else merged.push({ ...range });
    }
    return merged;
  }

  /** Each silence of over four cadences, without the parts in gaps, is covered by gaps of the point or the site. */
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
        this.#world.violate(`no gap covers the silence of ${name} from ${from} to ${to}: ${JSON.stringify(gaps)}`);
    });
  }

  /** Each sample that the upstream had in a gap when the gap was requested is stored. */
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
      // Samples that existed at the confirmation were checked then.
      if (gap.state === "confirmed-empty") continue;
      this.#world.violate(
        `${name} ${time} in the gap ${JSON.stringify(gap)} was served before the requests, but is not stored`,
      );
    }
  }
}

/** Whether the upstream serves a number for it at all times. */
function isNumber({ text, correction }: PlantSample): boolean {
  return numberOf(text) !== null && (correction === null || numberOf(correction.text) !== null);
}

/** The longest stretch of a range outside all gaps. */
function widest(range: { readonly start: number; readonly end: number }, gaps: readonly GapRow[]): number {
  let [from, longest] = [range.start, 0];
  for (const { start, end } of gaps.toSorted((a, b) => a.start - b.start)) {
    longest = Math.max(longest, Math.min(start, range.end) - from);
    from = Math.max(from, end ?? Number.POSITIVE_INFINITY);
  }
  return Math.max(longest, range.end - from);
}
