import { compareUtf8 } from "../domain/utf8-order.ts";
import { type Equipment, equipmentList } from "./equipment-list.ts";
import { compileFilter, type PointFilter } from "./filter.ts";
import type { FindablePoint } from "./point.ts";
import { type Hit, SearchText } from "./search.ts";
import { type TagUse, tagsOf } from "./tags.ts";
import { naturalKey } from "./words.ts";

export interface PointQuery {
  /** words, in any order; empty: all points */
  readonly search?: string | undefined;
  /** a marker, the name of a tag, or `name:value` */
  readonly tag?: string | undefined;
  /** the unit, normalised or as the upstream spells it, in any case */
  readonly unit?: string | undefined;
  /** a Haystack filter: `filter.ts` */
  readonly filter?: string | undefined;
}

export interface PointPage {
  readonly ids: readonly number[];
  /** the cursor of the next page; null: this is the last one */
  readonly next: string | null;
}

/** A cursor of a search: the rank and the name of a page's last point. */
const SEARCH_CURSOR = /^(\d+) (.+)$/s;

/** All points of a site, to be found by people. It belongs to one version of the catalogue. */
export class PointIndex {
  /** in the natural order of names */
  readonly points: readonly FindablePoint[];
  readonly #keys: readonly string[];
  readonly #byName: ReadonlyMap<string, number>;
  readonly #siteName: string;
  #search: SearchText | undefined;
  #tags: readonly TagUse[] | undefined;
  #equipment: readonly Equipment[] | undefined;

  constructor(siteName: string, points: readonly FindablePoint[]) {
    this.#siteName = siteName;
    const keyed = points.map((point) => ({ point, key: naturalKey(point.name) }));
    keyed.sort((a, b) => compareNatural(a.key, a.point.name, b.key, b.point.name));
    this.points = keyed.map(({ point }) => point);
    this.#keys = keyed.map(({ key }) => key);
    this.#byName = new Map(this.points.map(({ name }, i) => [name, i]));
  }

  /** The equipment of all points. */
  get equipment(): readonly Equipment[] {
    return (this.#equipment ??= equipmentList(this.points));
  }

  /** The tags of all points, by name. */
  get tags(): readonly TagUse[] {
    return (this.#tags ??= tagsOf(this.points));
  }

  /**
   * The points that match a query. A search gives the best first, any other query the natural order of names.
   * @throws {FilterError}
   */
  find(query: PointQuery): FindablePoint[] {
    return this.#hits(query).map(({ index }) => this.points[index]!);
  }

  /**
   * A page of {@link find}. @param cursor of the page before; undefined: the first page
   * @throws {FilterError}
   * @returns null for a text that is no cursor of this query
   */
  page(query: PointQuery, cursor: string | undefined, limit: number): PointPage | null {
    const isSearch = isSearchOf(query);
    const hits = this.#hits(query);
    const from = cursor === undefined ? 0 : isSearch ? this.#afterHit(hits, cursor) : this.#afterName(hits, cursor);
    if (from === null) return null;
    const page = hits.slice(from, from + limit);
    const last = page.at(-1);
    const isMore = from + limit < hits.length && last !== undefined;
    const next = isMore ? this.points[last.index]!.name : null;
    return {
      ids: page.map(({ index }) => this.points[index]!.id),
      next: next === null || !isSearch ? next : `${last!.rank} ${next}`,
    };
  }

  #hits(query: PointQuery): Hit[] {
    const { tag, unit, filter, search = "" } = query;
    const hits = isSearchOf(query)
      ? this.#searchText().find(search)
      : this.points.map((_, index) => ({ index, rank: 0 }));
    const conditions = [
      tag === undefined ? [] : [hasTag(tag)],
      unit === undefined ? [] : [hasUnit(unit)],
      filter === undefined ? [] : [this.#filter(filter)],
    ].flat();
    return conditions.length === 0
      ? hits
      : hits.filter(({ index }) => conditions.every((matches) => matches(this.points[index]!)));
  }

  #filter(text: string): PointFilter {
    const tags = new Map(this.tags.map(({ name, filterName }) => [filterName, name]));
    return compileFilter(text, { siteName: this.#siteName, tagOf: (name) => tags.get(name) });
  }

  #searchText(): SearchText {
    return (this.#search ??= new SearchText(this.points));
  }

  #afterName(hits: readonly Hit[], name: string): number {
    const key = naturalKey(name);
    const isAfter = ({ index }: Hit) => compareNatural(this.#keys[index]!, this.points[index]!.name, key, name) > 0;
    return endOf(hits.findIndex(isAfter), hits.length);
  }

  /** Of a point that is gone, the points of its rank come again: none is left out. */
  #afterHit(hits: readonly Hit[], cursor: string): number | null {
    const [, rankText, name = ""] = SEARCH_CURSOR.exec(cursor) ?? [];
    if (rankText === undefined) return null;
    const [rank, known] = [Number(rankText), this.#byName.get(name)];
    const { places } = this.#searchText();
    const place = known === undefined ? -1 : places[known]!;
    const isAfter = (hit: Hit) => hit.rank > rank || (hit.rank === rank && places[hit.index]! > place);
    return endOf(hits.findIndex(isAfter), hits.length);
  }
}

function isSearchOf({ search = "" }: PointQuery): boolean {
  return search.trim() !== "";
}

function endOf(found: number, length: number): number {
  return found === -1 ? length : found;
}

function compareNatural(keyA: string, nameA: string, keyB: string, nameB: string): number {
  return keyA < keyB ? -1 : keyA > keyB ? 1 : compareUtf8(nameA, nameB);
}

function hasTag(tag: string): (point: FindablePoint) => boolean {
  return ({ tags: { kv, markers } }) =>
    markers.includes(tag) ||
    Object.hasOwn(kv, tag) ||
    (tag.includes(":") && Object.entries(kv).some(([key, value]) => `${key}:${value}` === tag));
}

function hasUnit(asked: string): (point: FindablePoint) => boolean {
  const wanted = asked.toLowerCase();
  return ({ unit, unitRaw }) => unit?.toLowerCase() === wanted || unitRaw?.toLowerCase() === wanted;
}
