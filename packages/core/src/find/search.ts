import { compareUtf8 } from "../domain/utf8-order.ts";
import { equipmentOf } from "./equipment.ts";
import type { FindablePoint } from "./point.ts";
import { type Role, roleOf } from "./role.ts";
import { joinedForms, naturalKey, WordsBuilder } from "./words.ts";

/** Marks of words: the fields that they stand in. */
const OF_NAME = 1;
const OF_TAGS = 2;

/** Words that people use for one another. Each finds the others only as whole words. */
const SYNONYMS = [
  ["temperature", "temp", "tmp"],
  ["setpoint", "sp", "stpt", "setpt"],
  ["humidity", "hum", "rh"],
  ["pressure", "press", "prs"],
  ["command", "cmd"],
  ["position", "pos"],
  ["occupancy", "occupied", "occ"],
  ["damper", "dmpr", "dmp"],
  ["zone", "room", "space"],
  ["supply", "discharge"],
  ["outdoor", "outside", "oa"],
] as const;
const SYNONYMS_OF = new Map(
  SYNONYMS.flatMap((words) => words.map((word): [string, readonly string[]] => [word, words])),
);

/** Costs of a word of the search, by how it is found. Unfound is more than all others. */
const COST = { whole: 0, begun: 1, number: 1 << 8, inside: 1 << 9, unfound: 0xffff } as const;
/** Added where it stands in tags or the unit only. */
const COST_OF_TAGS = 2;

/** A point that a search finds. A smaller rank comes first. */
export interface Hit {
  /** index of the point */
  readonly index: number;
  readonly rank: number;
}

/**
 * The words of a site's points, to be searched. Built once for each version of the catalogue.
 */
export class SearchText {
  readonly #text: string;
  readonly #marks: Uint8Array;
  /** where each point's words begin, and the end of all */
  readonly #starts: Int32Array;
  readonly #roles: readonly Role[];
  readonly #byName: ReadonlyMap<string, number>;
  /** the place of each point in the natural order of labels, or names where there is no label */
  readonly places: Int32Array;

  constructor(points: readonly FindablePoint[]) {
    const words = new WordsBuilder();
    const starts = points.map((point) => {
      const start = words.length;
      addPoint(words, point);
      return start;
    });
    this.#starts = Int32Array.from([...starts, words.length]);
    ({ text: this.#text, marks: this.#marks } = words.build());
    this.#roles = points.map(roleOf);
    this.#byName = new Map(points.map(({ name }, i) => [name, i]));
    this.places = placesOf(points.map(({ label, name }) => [naturalKey(label ?? name), name]));
  }

  /**
   * The points that have every word of a text, in any order, best first. A text without letters and digits finds none.
   */
  find(search: string): Hit[] {
    const terms = [...new Set(search.split(/\s+/u))].map(joinedForms).filter((forms) => forms.length > 0);
    const named = this.#byName.get(search);
    if (terms.length === 0) return named === undefined ? [] : [{ index: named, rank: 0 }];
    const costs = new Int32Array(this.#roles.length);
    for (const forms of terms) {
      const cost = this.#costs(forms);
      for (let i = 0; i < costs.length; i++) costs[i]! += cost[i]!;
    }
    const phrase = terms.length === 1 ? costs : this.#costs(joinedForms(search));
    // Numbers identify equipment, so they belong to the word beside them.
    const isPhraseFirst = terms.some(([form = ""]) => /^\p{N}+$/u.test(form));
    const hits: Hit[] = [];
    for (let index = 0; index < costs.length; index++) {
      const cost = costs[index]!;
      if (cost >= COST.unfound) continue;
      const isApart = phrase[index]! < COST.inside ? 0 : 1;
      const role = this.#roles[index]!;
      const kind = isPhraseFirst ? isApart * 4 + role : role * 2 + isApart;
      // Hits at the start of words first, then what is measured, then what has the words side by side.
      const rank = index === named ? 0 : 1 + ((cost >> 8) * 8 + kind) * 256 + (cost & 0xff);
      hits.push({ index, rank });
    }
    return hits.sort((a, b) => a.rank - b.rank || this.places[a.index]! - this.places[b.index]!);
  }

  /** What it costs each point to have a word in one of its forms. */
  #costs(forms: readonly string[]): Uint16Array {
    const costs = new Uint16Array(this.#roles.length).fill(COST.unfound);
    for (const form of forms) {
      this.#scan(form, false, costs);
      for (const synonym of SYNONYMS_OF.get(form) ?? []) if (synonym !== form) this.#scan(synonym, true, costs);
    }
    return costs;
  }

  #scan(word: string, isSynonym: boolean, costs: Uint16Array): void {
    const [text, marks, starts] = [this.#text, this.#marks, this.#starts];
    const endsInDigit = /\p{N}$/u.test(word);
    let point = 0;
    for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
      while (starts[point + 1]! <= at) point++;
      const isStart = marks[at] !== 0;
      const isWhole = isStart && marks[at + word.length] !== 0;
      if (isSynonym && !isWhole) continue;
      let cost: number = isWhole ? (isSynonym ? COST.begun : COST.whole) : COST.begun;
      if (!isStart) cost = COST.inside;
      else if (!isWhole && endsInDigit && /\p{N}/u.test(text[at + word.length]!)) cost = COST.number;
      let start = at;
      while (marks[start] === 0) start--;
      if (marks[start] === OF_TAGS) cost += COST_OF_TAGS;
      if (cost < costs[point]!) costs[point] = cost;
    }
  }
}

function addPoint(words: WordsBuilder, point: FindablePoint): void {
  const { name, label, unit, unitRaw, tags, device } = point;
  words.add(name, OF_NAME);
  if (label !== null) words.add(label, OF_NAME);
  for (let place = equipmentOf(point); place !== null; place = place.parent) {
    if (place.source !== "name") words.add(place.name, OF_NAME);
  }
  if (device !== null) words.add(device, OF_NAME);
  for (const marker of tags.markers) words.add(marker, OF_TAGS);
  for (const [key, value] of Object.entries(tags.kv)) words.add(`${key} ${value}`, OF_TAGS);
  if (unit !== null) words.add(unit, OF_TAGS);
  if (unitRaw !== null) words.add(unitRaw, OF_TAGS);
}

/** The place of each entry in the order of its key, then its name. */
export function placesOf(entries: readonly (readonly [key: string, name: string])[]): Int32Array {
  const order = entries
    .map((_, i) => i)
    .sort((a, b) => {
      const [[keyA, nameA], [keyB, nameB]] = [entries[a]!, entries[b]!];
      return keyA < keyB ? -1 : keyA > keyB ? 1 : compareUtf8(nameA, nameB);
    });
  const places = new Int32Array(entries.length);
  order.forEach((entry, place) => (places[entry] = place));
  return places;
}
