import fc from "fast-check";
import { expect, test } from "vitest";
import type { Catalog, CatalogPoint } from "./catalog.ts";
import { type HeldList, judgeList } from "./judge-list.ts";

const nameOf = (id: number) => `p/${id}`;
const names = (ids: readonly number[]) => new Set(ids.map(nameOf));
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

function catalogOf(ids: readonly number[], rest: Partial<CatalogPoint> = {}): Catalog {
  const base = { source: "catalog", configured: true, firstSeen: null, lastSeen: null } as const;
  return new Map(ids.map((id) => [nameOf(id), { id, name: nameOf(id), ...base, ...rest }]));
}

/** Judges lists one after the other, each against the result of the one before. */
function after(catalog: Catalog, lists: readonly (readonly number[])[]) {
  let current = catalog;
  let held: HeldList | null = null;
  for (const [at, listed] of lists.entries()) {
    const verdict = judgeList(current, held, names(listed), at);
    held = verdict.held;
    const retired = new Set(verdict.retired);
    current = new Map(
      [...current].map(([name, point]) => [name, { ...point, configured: point.configured && !retired.has(point.id) }]),
    );
  }
  return { held, collected: [...current.values()].filter(({ configured }) => configured).map(({ id }) => id) };
}

const SIX = range(0, 6);
const HUNDRED = range(0, 100);

test.each<[string, readonly number[], (readonly number[])[], readonly number[]]>([
  ["one of six, once", SIX, [[0], SIX], SIX],
  ["one of six, twice", SIX, [[0], [0]], [0]],
  ["an empty one, and then one of six", SIX, [[], [0]], SIX],
  ["none, twice", SIX, [[], []], SIX],
  ["a tenth fewer, once", HUNDRED, [range(10, 100)], range(10, 100)],
  ["more than a tenth fewer, once", HUNDRED, [range(11, 100)], HUNDRED],
  ["half, and then the other half", HUNDRED, [range(0, 50), range(50, 100)], HUNDRED],
  ["half, and then a few fewer than that", HUNDRED, [range(0, 50), range(0, 45)], range(0, 45)],
  ["half, and then a few more than that", HUNDRED, [range(0, 50), range(0, 55)], range(0, 55)],
  ["half, all, and then half", HUNDRED, [range(0, 50), HUNDRED, range(0, 50)], HUNDRED],
])("a list with %s", (_, points, lists, expected) => {
  expect(after(catalogOf(points), lists).collected).toEqual(expected);
});

test("a held list names the points that it would retire", () => {
  expect(judgeList(catalogOf(SIX), null, names([0, 9]), 5)).toEqual({
    retired: [],
    held: { at: 5, listed: 2, missing: [1, 2, 3, 4, 5] },
  });
});

test("points of the weather, and points not collected, count as never missing", () => {
  const others = new Map([
    ...catalogOf(range(10, 20), { source: "weather" }),
    ...catalogOf(range(20, 30), { configured: false }),
    ...catalogOf(range(30, 40), { source: "discovered", configured: false }),
  ]);
  const all = new Map([...catalogOf(SIX), ...others]);
  expect(judgeList(all, null, names(SIX), 1)).toEqual({ retired: [], held: null });
});

test("one list retires at most a tenth, two equal ones all that they omit", () => {
  const someOf = fc.subarray(HUNDRED, { minLength: 1 });
  fc.assert(
    fc.property(someOf, someOf, (points, listed) => {
      const once = after(catalogOf(points), [listed]).collected;
      const wanted = points.filter((id) => listed.includes(id));
      expect(once.length * 10).toBeGreaterThanOrEqual(points.length * 9);
      expect(once).toEqual(once.length === wanted.length ? wanted : points);
      expect(after(catalogOf(points), [listed, listed])).toEqual({ held: null, collected: wanted });
    }),
  );
});
