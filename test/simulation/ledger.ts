import { BuildBooks, buildOf } from "./build-books.ts";
import type { Bound, SentStatement, SimulatedDatabase } from "./database.ts";
import { daySchema, fileSchema, hoursSchema, nameSchema } from "./ledger-rows.ts";
import { pointSchema, segmentsSchema, stateSchema } from "./ledger-rows.ts";
import { DAY, numberOf, type Plant, type PlantSample } from "./plant.ts";
import { does } from "./statement-forms.ts";
import { dayOfKey, type Samples, sampleKey, type Storage, valueText } from "./storage.ts";
import { type ServedPage, textAt } from "./upstream.ts";
import type { Process, World } from "./world.ts";

/** A value of a sample and the time of the request that brought it, by our clock, epoch ms. */
export interface Word {
  readonly value: string;
  readonly asked: number;
}

/** The books: served samples, and samples reported as stored. Only served samples may be stored. */
export class Ledger {
  /** each served value of a sample, from answers that reached a process whole */
  readonly served = new Map<string, Set<string>>();
  /** samples reported as stored, each with the value requested last */
  readonly promised = new Map<string, Word>();
  /** by site: start of the range that the sync has stored completely, epoch ms */
  readonly coveredFrom = new Map<string, number>();
  readonly watermarks = new Map<string, number>();
  readonly #world: World;
  readonly #plant: Plant;
  readonly #database: SimulatedDatabase;
  readonly #storage: Storage;
  /** pages of a sync that it has not yet reported as stored */
  readonly #open = new Map<Process, ServedPage[]>();
  /** all served values, by sample */
  readonly #words = new Map<string, Word[]>();
  readonly #builds = new BuildBooks();
  /** points that a process need not store, because the catalogue has them as not configured when it begins */
  readonly #unconfigured = new WeakMap<Process, ReadonlySet<string>>();
  readonly #catalogued = new WeakMap<Process, ReadonlySet<string>>();
  /** start of the window whose page a process stored last */
  readonly #lastStart = new WeakMap<Process, number>();
  readonly #published = new Map<string, string>();
  /** stamp of the last commit that stored segments, by site id */
  readonly #stamps = new Map<number, number>();

  constructor(world: World, plant: Plant, database: SimulatedDatabase, storage: Storage) {
    this.#world = world;
    this.#plant = plant;
    this.#database = database;
    this.#storage = storage;
  }

  begin(process: Process): void {
    const names = (configured: number) =>
      new Set(
        nameSchema
          .parse(this.#database.rows("SELECT name FROM points WHERE configured = ?1", configured))
          .map(({ name }) => name),
      );
    this.#unconfigured.set(process, names(0));
    this.#catalogued.set(process, names(1));
  }

  /** From now on, samples being deleted are no longer reported as stored. @returns their keys */
  forget(isMeant: (key: string) => boolean): string[] {
    const keys = [...this.served.keys()].filter(isMeant);
    for (const key of keys) this.promised.delete(key);
    return keys;
  }

  /** The samples are deleted for good. An answer with one of them counts as invented. */
  unserve(keys: readonly string[]): void {
    for (const known of [this.served, this.#words]) for (const key of keys) known.delete(key);
  }

  noteWeather(name: string, time: number, value: number): void {
    // The feed yields to the history.
    this.#serve(sampleKey(name, time), { value: valueText(value), asked: 0 });
  }

  notePage(page: ServedPage, to: Process): void {
    const build = buildOf(to);
    for (const { sample, text } of page.rows) {
      const value = numberOf(text);
      if (value === null) continue;
      const key = sampleKey(sample.point.name, sample.time);
      this.#serve(key, { value: valueText(value), asked: page.asked });
    }
    if (build !== null) this.#builds.notePage(build, page, to);
    else if (!page.isCircle) this.#open.set(to, [...(this.#open.get(to) ?? []), page]);
  }

  /** Whether a stored value is allowed: not requested earlier than the one reported as stored. */
  isRight(key: string, value: string): boolean {
    const promised = this.promised.get(key);
    if (promised === undefined) return this.served.get(key)?.has(value) === true;
    return this.isAsLate(key, value, promised);
  }

  /** Whether a value equals this one or was requested no earlier. */
  isAsLate(key: string, value: string, word: Word): boolean {
    return value === word.value || this.#wasServed(key, value, word.asked);
  }

  #wasServed(key: string, value: string, since: number): boolean {
    return this.#words.get(key)?.some((word) => word.value === value && word.asked >= since) === true;
  }

  /** A sync writes no value that is stored already, so the recorded request time stays. */
  #promiseServed(siteId: Bound, time: number, key: string, word: Word): void {
    if (this.promised.get(key)?.value !== word.value) this.#promiseStored(siteId, time, key, word);
  }

  /**
   * If the file has samples of the hour that were requested later, a sync only adds, because the file has one request
   * time an hour.
   */
  #promiseStored(siteId: Bound, time: number, key: string, word: Word): void {
    if (!this.promised.has(key) || this.#fileAsked(siteId, time) < word.asked) this.#promise(key, word);
  }

  /** Last request time of an hour in the day's file, epoch ms; 0 without a file. */
  #fileAsked(siteId: Bound, time: number): number {
    const sql = "SELECT asked FROM day_files WHERE site_id = ?1 AND day = ?2 AND key IS NOT NULL";
    const [file] = fileSchema.parse(this.#database.rows(sql, siteId, Math.floor(time / DAY)));
    return file?.asked[new Date(time).getUTCHours()] ?? 0;
  }

  #promise(key: string, word: Word): void {
    if (word.asked >= (this.promised.get(key)?.asked ?? 0)) this.promised.set(key, word);
  }

  /** Runs at every commit. */
  noteCommit(statements: readonly SentStatement[], by: Process): void {
    if (statements.some(({ sql }) => sql.includes("sync_state"))) {
      const moved = statements.find(({ sql }) => does("endsPage", sql));
      if (moved !== undefined) this.#promisePages(by, moved.values[0] ?? null);
      this.#noteWatermarks(by);
    }
    const stored = statements.filter(({ sql }) => does("stores", sql));
    for (const { siteId, stamp } of stored.flatMap(({ values }) => this.#noteSegments(by, values[0] ?? null))) {
      this.#stamps.set(siteId, Math.max(stamp, this.#stamps.get(siteId) ?? 0));
    }
    if (statements.some(({ sql }) => does("publishes", sql))) this.#notePublished();
    if (statements.some(({ sql }) => sql.includes("SET configured = 0"))) this.#checkRetired();
  }

  /** Segments hold the request time. Their samples count as reported. Stamps order a site's commits. */
  #noteSegments(by: Process, json: Bound): { siteId: number; stamp: number }[] {
    const stamps: { siteId: number; stamp: number }[] = [];
    for (const [segment, asked, , , body] of segmentsSchema.parse(JSON.parse(String(json)))) {
      const start = (Math.floor(segment / 2 ** 24) % 2 ** 16) * DAY;
      const stamp = segment % 2 ** 24;
      for (const [id, samples] of Object.entries(body)) {
        const [point] = pointSchema.parse(
          this.#database.rows("SELECT name, site_id FROM points WHERE id = ?1", Number(id)),
        );
        const siteId = point?.site_id ?? 0;
        stamps.push({ siteId, stamp });
        const last = this.#stamps.get(siteId) ?? 0;
        if (stamp <= last) this.#world.violate(`${by.name} stores with stamp ${stamp}, expected more than ${last}`);
        for (const [offset, number] of Object.entries(samples)) {
          const key = sampleKey(point?.name ?? "", start + Number(offset));
          const value = valueText(number);
          if (!this.#wasServed(key, value, asked))
            this.#world.violate(
              `${by.name} stores ${key} = ${value} with request time ${asked}, but no request since then was served it`,
            );
          this.#promiseStored(siteId, start + Number(offset), key, { value, asked });
        }
      }
    }
    return stamps;
  }

  /** The upstream never removes a point from its list. */
  #checkRetired(): void {
    const sql = "SELECT name FROM points WHERE source = 'catalog' AND configured = 0";
    const [retired] = nameSchema.parse(this.#database.rows(sql));
    if (retired !== undefined)
      this.#world.violate(`${retired.name} is listed by the upstream, but marked as not configured`);
  }

  /** The cursor or the watermark has moved: all samples served to that sync must be stored now, unchanged. */
  #promisePages(by: Process, siteId: Bound): void {
    const [site] = nameSchema.parse(this.#database.rows("SELECT name FROM sites WHERE id = ?1", siteId));
    const open = Map.groupBy(this.#open.get(by) ?? [], (page) => page.site === site?.name);
    const days = new Set<number>();
    for (const { rows, asked } of open.get(true) ?? []) {
      for (const { sample, text } of rows) {
        const value = numberOf(text);
        if (value === null || !this.#mustSync(by, sample)) continue;
        const key = sampleKey(sample.point.name, sample.time);
        this.#promiseServed(siteId, sample.time, key, { value: valueText(value), asked });
        days.add(Math.floor(sample.time / DAY));
      }
    }
    for (const day of days) this.#checkSoon(site?.name ?? "", day);
    this.#lastStart.set(by, open.get(true)?.at(-1)?.start ?? 0);
    this.#open.set(by, open.get(false) ?? []);
  }

  #mustSync(by: Process, { point }: PlantSample): boolean {
    return point.configuredAt <= by.startedAt && this.#unconfigured.get(by)?.has(point.name) !== true;
  }

  #noteWatermarks(by: Process): void {
    const sql = "SELECT s.name, y.watermark FROM sync_state y JOIN sites s ON s.id = y.site_id";
    for (const { name, watermark } of stateSchema.parse(this.#database.rows(sql))) {
      if (watermark === null) continue;
      const before = this.watermarks.get(name);
      if (before === undefined) this.coveredFrom.set(name, this.#lastStart.get(by) || watermark);
      if (before !== undefined && watermark < before) this.#world.violate(`the watermark of ${name} moved back`);
      this.watermarks.set(name, watermark);
    }
  }

  #notePublished(): void {
    const sql =
      "SELECT s.name, f.day, f.state, f.build, f.reason, f.asked FROM day_files f JOIN sites s ON s.id = f.site_id";
    for (const { name, day, state, build, reason, asked } of daySchema.parse(this.#database.rows(sql))) {
      if (state === "suspect")
        this.#world.violate(`no fault damages day files, and ${name} ${day} is suspect: ${reason}`);
      if (build === null || this.#published.get(`${name} ${day}`) === build) continue;
      this.#published.set(`${name} ${day}`, build);
      const start = this.#builds.startOf(build, name, day);
      if (start !== undefined)
        this.#promiseDay(start, name, day, state, build, hoursSchema.parse(JSON.parse(asked ?? "")));
      this.#checkSoon(name, day);
    }
  }

  /**
   * A build that publishes a day holds the samples that the upstream had when the build began. In an hour with file
   * samples requested later it only adds (decisions/0020). @param hours request times of the file's hours, epoch ms
   */
  #promiseDay(first: Process, site: string, day: number, state: string, build: string, hours: readonly number[]): void {
    const start = first.startedAt;
    const due = (this.#plant.samples.get(site) ?? []).filter(
      ({ time, visibleAt, point }) =>
        Math.floor(time / DAY) === day && visibleAt <= start && this.#catalogued.get(first)?.has(point.name) === true,
    );
    this.#world.check(async () => {
      const file = await this.#storage.cold(site, day);
      for (const { point, time, text } of due) {
        const key = sampleKey(point.name, time);
        const values = this.#builds.served(build, key);
        const found = file.get(key);
        const asked = this.#builds.askedAt(build, site, time);
        // A segment may have a value that was requested later.
        const isOvertaken = hours[new Date(time).getUTCHours()]! > asked;
        const isRight = found !== undefined && (isOvertaken || values.has(found) || this.#wasServed(key, found, asked));
        if (numberOf(text) === null || isRight) continue;
        this.#world.violate(`${build} has written ${found} for ${key}, but was served ${[...values].join()}`);
      }
    });
    for (const sample of due) {
      const value = numberOf(textAt(sample, start));
      if (value === null) continue;
      const key = sampleKey(sample.point.name, sample.time);
      if (state === "confirmed-empty")
        this.#world.violate(`${site} ${day} is confirmed empty, but the upstream has ${key}`);
      // A correction may have arrived during the build.
      const served = [...this.#builds.served(build, key)].at(-1) ?? valueText(value);
      const asked = this.#builds.askedAt(build, site, sample.time);
      const isOvertaken = hours[new Date(sample.time).getUTCHours()]! > asked;
      if (!isOvertaken || !this.promised.has(key)) this.#promise(key, { value: served, asked });
    }
  }

  /** Checks a day before the next event. */
  #checkSoon(site: string, day: number): void {
    this.#world.check(async () => this.checkDay(site, day, await this.#storage.day(site, day)));
  }

  /** Each sample reported as stored is stored, and only served samples are. */
  checkDay(site: string, day: number, stored: Samples): void {
    for (const [key, { value, asked }] of this.promised) {
      // The weather of every site has the same names.
      const isOfSite = key.startsWith(`${site}/`) || this.#plant.sites.length === 1;
      if (dayOfKey(key) !== day || !isOfSite) continue;
      const found = stored.get(key);
      if (found === undefined) this.#world.violate(`lost: ${key} was reported as stored with ${value}`);
      else if (!this.isRight(key, found))
        this.#world.violate(`${key} is ${found}, expected ${value}, requested at ${asked}, or a value requested later`);
    }
    for (const [key, value] of stored) {
      if (this.served.get(key)?.has(value) !== true)
        this.#world.violate(`invented: ${key} = ${value} was never served`);
    }
  }

  #serve(key: string, word: Word): void {
    this.served.set(key, (this.served.get(key) ?? new Set()).add(word.value));
    const words = this.#words.get(key);
    if (words === undefined) this.#words.set(key, [word]);
    else words.push(word);
  }
}
