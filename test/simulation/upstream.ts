import { z } from "zod";
import type { Random } from "../fuzz/random.ts";
import { CADENCE_MS, MINUTE, type Plant, type PlantSample, PUNCTUAL_MS, TODAY } from "./plant.ts";
import type { Process, World } from "./world.ts";

/** A row as served. */
interface ServedRow {
  readonly sample: PlantSample;
  readonly text: string | null;
}

/** A page that reached a process whole. */
export interface ServedPage {
  readonly site: string;
  readonly start: number;
  readonly end: number;
  readonly rows: readonly ServedRow[];
  /** time of the request by our clock, epoch ms */
  readonly asked: number;
  /** its cursor leads back to itself: the reader drops the page and requests its rows again */
  readonly isCircle: boolean;
}

const cursorSchema = z.object({ offset: z.int(), timestamp: z.string() });

/** Faults of a whole answer, and of a page. The API's other faults are in packages/ace-simulator. */
const ANSWER_FAULTS = ["429", "500", "502", "503", "401", "html", "cut", "hang"] as const;
const PAGE_FAULTS = ["short", "empty", "repeated", "double", "shuffled"] as const;

/**
 * An answer whose body is one chunk, available at once. The platform's own body would take turns of the event loop that
 * no seed decides.
 */
class Answer extends Response {
  readonly #text: string;

  constructor(text: string, init: ResponseInit = {}) {
    super(null, init);
    this.#text = text;
  }

  override get body() {
    const bytes = new Uint8Array(new TextEncoder().encode(this.#text));
    return new ReadableStream<Uint8Array<ArrayBuffer>>({
      start(controller) {
        controller.enqueue(bytes);
        controller.close();
      },
    });
  }
}

const json = (body: unknown) => new Answer(JSON.stringify(body));

/**
 * The parts of the ACE API that the code uses, written from its description: pages of the samples visible at the time,
 * with the real API's cursor fault. Each seed sets the frequency of other faults.
 */
export class Upstream {
  readonly #world: World;
  readonly #plant: Plant;
  readonly #faultShare: number;
  readonly #hasWeather: boolean;
  readonly #cutOff = new WeakSet<Process>();
  /** whether the next sync that requests a closed day stops for minutes, so that a backfill overtakes it */
  #isOvertaken: boolean;
  /** called for every page that reached a process */
  onServed: (page: ServedPage, to: Process) => void = () => undefined;
  /** called when a process stops after a page, with the milliseconds */
  onStraggle: (ms: number, page: ServedPage) => void = () => undefined;
  /** called for each weather reading */
  onWeather: (name: string, time: number, value: number) => void = () => undefined;

  constructor(world: World, plant: Plant) {
    this.#world = world;
    this.#plant = plant;
    this.#faultShare = world.random.pick([0, 0.02, 0.1, 0.3]);
    this.#hasWeather = world.random.chance(0.2);
    this.#isOvertaken = world.random.chance(0.3);
  }

  /** Answers a process only with errors from now on. */
  cutOff(process: Process): void {
    this.#cutOff.add(process);
  }

  async fetch(process: Process, url: URL, signal: AbortSignal | null): Promise<Response> {
    const [, site = "", endpoint = ""] = /\/(?:sites|points)\/([^/]+)\/(.+)$/.exec(url.pathname) ?? [];
    const asked = this.#world.clock;
    const answer = await this.#world.io(process, "upstream", endpoint, () =>
      this.#cutOff.has(process)
        ? { response: new Answer("", { status: 503 }), page: null }
        : this.#answer(site, endpoint, url, asked),
    );
    if (answer === "hang") return new Promise(() => undefined);
    if (answer.page !== null && signal?.aborted !== true) {
      this.onServed(answer.page, process);
      process.stallMs = process.sheltered ? 0 : this.#straggle(process, answer.page);
      if (process.stallMs > 0) this.onStraggle(process.stallMs, answer.page);
    }
    return answer.response;
  }

  /** @returns how long a process stops after a page, in milliseconds */
  #straggle({ name }: Process, { rows }: ServedPage): number {
    const { random, fates } = this.#world;
    if (!this.#isOvertaken || !name.startsWith("sync") || !rows.some(({ sample }) => sample.time < TODAY)) {
      return fates.straggle();
    }
    this.#isOvertaken = false;
    return (5 + random.below(5)) * MINUTE;
  }

  #answer(
    site: string,
    endpoint: string,
    url: URL,
    asked: number,
  ): { response: Response; page: ServedPage | null } | "hang" {
    const { random, isHealing } = this.#world;
    const fault = !isHealing && random.chance(this.#faultShare) ? random.pick(ANSWER_FAULTS) : null;
    if (fault === "hang") return "hang";
    const whole = (response: Response) => ({ response, page: null });
    if (fault === "html") return whole(new Answer("<html>busy</html>"));
    if (fault === "429") return whole(new Answer("", { status: 429, headers: { "retry-after": "2" } }));
    if (fault !== null && fault !== "cut") return whole(new Answer("", { status: Number(fault) }));
    if (endpoint === "weather") return whole(this.#weather());
    if (endpoint === "configured_points") return whole(this.#points(site));
    const { body, page } =
      endpoint === "timeseries"
        ? this.#byName(decodeURIComponent(site), url.searchParams, asked)
        : this.#page(site, url.searchParams, asked);
    const text = JSON.stringify(body);
    if (fault === "cut") return whole(new Answer(text.slice(0, random.below(text.length))));
    return { response: new Answer(text), page };
  }

  #points(site: string): Response {
    const listed = this.#plant.points.filter((point) => point.site === site && point.configuredAt <= this.#world.now);
    const items = listed.map(({ name, unit }, id) => {
      const kv_tags = unit === null ? {} : { unit };
      return { id, name, collect_enabled: true, collect_interval: CADENCE_MS / 1000, kv_tags };
    });
    return json({ items, page: 1, pages: 1, per_page: 10_000, total: items.length });
  }

  #weather(): Response {
    if (!this.#hasWeather) return new Answer("{}", { status: 404 });
    const time = Math.floor(this.#world.now / 600_000) * 600_000;
    const value = (time / 600_000) % 40;
    this.onWeather("weather.temperature", time, value);
    return json({ weather: { temp: { name: "temp", value: String(value), time: timeText(time) } } });
  }

  /** All samples of a point at once. */
  #byName(name: string, query: URLSearchParams, asked: number): { body: unknown; page: ServedPage } {
    const [start, end] = rangeOf(query);
    const { now } = this.#world;
    const site = this.#plant.points.find((point) => point.name === name)?.site ?? "";
    const rows = (this.#plant.samples.get(site) ?? [])
      .filter(({ point, time, visibleAt }) => point.name === name && time >= start && time < end && visibleAt <= now)
      .map((sample) => ({ sample, text: textAt(sample, now) }));
    return { body: { point_samples: rows.map(rowOf) }, page: { site, start, end, rows, asked, isCircle: false } };
  }

  #page(site: string, query: URLSearchParams, asked: number): { body: unknown; page: ServedPage } {
    const [start, end] = rangeOf(query);
    const size = Number(query.get("page_size"));
    const given = query.get("cursor");
    const { now, random, isHealing } = this.#world;
    let rest = (this.#plant.samples.get(site) ?? []).filter(
      ({ time, visibleAt }) => time >= start && time < end && visibleAt <= now,
    );
    if (given !== null) {
      const { offset, timestamp } = cursorSchema.parse(JSON.parse(atob(given)));
      rest = rest.filter(({ time }) => time >= parseText(timestamp)).slice(offset);
    }
    const fault = !isHealing && random.chance(this.#faultShare) ? random.pick(PAGE_FAULTS) : null;
    if (fault === "empty") {
      const cursor = given === null ? cursorText(0, timeText(start)) : respaced(given, random);
      const page = { site, start, end, rows: [], asked, isCircle: false };
      return { body: { point_samples: [], next_cursor: cursor, has_more: true }, page };
    }
    const taken = rest.slice(0, fault === "short" ? 1 + random.below(size) : size);
    const last = taken.at(-1);
    const hasMore = rest.length > taken.length;
    // The real server's fault: it forgets the offset with which this page began.
    const offset = taken.filter(({ time }) => time === last?.time).length;
    const next = hasMore && last !== undefined ? cursorText(offset, timeText(last.time)) : null;
    const rows = taken.map((sample) => ({ sample, text: textAt(sample, now) }));
    const isCircle = fault === "repeated" && given !== null && hasMore;
    const body = {
      point_samples: ordered(rows, fault, given, random).map(rowOf),
      next_cursor: isCircle ? given : next,
      has_more: hasMore,
    };
    return { body, page: { site, start, end, rows, asked, isCircle } };
  }
}

function rangeOf(query: URLSearchParams): [start: number, end: number] {
  return [Date.parse(query.get("start_time") ?? ""), Date.parse(query.get("end_time") ?? "")];
}

const rowOf = ({ sample, text }: ServedRow) => ({ name: sample.point.name, value: text, time: timeText(sample.time) });

/** Rows of the last time must stay countable if the cursor points into it, so such pages get no fault. */
function ordered(
  rows: readonly ServedRow[],
  fault: (typeof PAGE_FAULTS)[number] | null,
  given: string | null,
  random: Random,
): readonly ServedRow[] {
  const last = rows.at(-1)?.sample.time;
  if (last === undefined || given !== null) return rows;
  const before = rows.filter(({ sample }) => sample.time !== last);
  const rest = rows.slice(before.length);
  if (fault === "double") return [...before, ...before, ...rest];
  if (fault !== "shuffled") return rows;
  for (let i = before.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [before[i], before[j]] = [before[j]!, before[i]!];
  }
  return [...before, ...rest];
}

/** The text of a sample at a time. */
export function textAt({ text, correction }: PlantSample, now: number): string | null {
  return correction !== null && correction.at <= now ? correction.text : text;
}

/** Whether every window that began when the sample was due met it. */
export function isPunctual({ time, visibleAt }: PlantSample): boolean {
  return visibleAt - time <= PUNCTUAL_MS;
}

/** Naive ISO-8601 with microseconds, without a fraction for whole seconds, as Python writes it. */
function timeText(time: number): string {
  const text = new Date(time).toISOString().slice(0, -1);
  return text.endsWith(".000") ? text.slice(0, -4) : `${text}000`;
}

function parseText(text: string): number {
  return Date.parse(`${text.slice(0, 23)}Z`);
}

function cursorText(offset: number, timestamp: string): string {
  return btoa(JSON.stringify({ offset, timestamp }));
}

/** An empty page continues from the same place under another text, because an equal one would be a repeated cursor. */
function respaced(cursor: string, random: Random): string {
  return random.chance(0.5) ? cursor : btoa(atob(cursor).replace(":", ": "));
}
