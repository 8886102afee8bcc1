import fc from "fast-check";
import { HDict, HFilter, HNum, HStr, MARKER, type HVal } from "haystack-core";
import { expect, test } from "vitest";
import { findable } from "../../test/findable.ts";
import { FilterError, parseFilter } from "./filter-parse.ts";
import { PointIndex } from "./point-index.ts";

const kv = { floor: "2", equip: "VAV 2", ahuRef: "AHU 1", "Floor no": "7", on: "true", unit: "raw" };
const POINTS = [
  findable("ses/a/vav2/Temp", {
    label: "VAV 2 Temp",
    unit: "°F",
    intervalS: 60,
    tags: { kv, markers: ["zone", "temp"] },
  }),
  findable("ses/a/vav2/Sp", { unit: "°F", intervalS: 300, tags: { kv: { equip: "VAV 2" }, markers: ["zone", "sp"] } }),
  findable("ses/a/ahu1/Temp", { tags: { kv: { equip: "AHU 1", floor: "10", zone: "no" }, markers: ["temp"] } }),
  findable("alone"),
];
const index = new PointIndex("falls", POINTS);
const matched = (filter: string) =>
  index
    .find({ filter })
    .map(({ name }) => name.replace("ses/a/", ""))
    .sort();

test.each<[string, string[]]>([
  ["zone and temp", ["ahu1/Temp", "vav2/Temp"]],
  ["zone and not temp", ["vav2/Sp"]],
  ["temp or sp and zone", ["ahu1/Temp", "vav2/Sp", "vav2/Temp"]],
  ["(temp or sp) and zone", ["ahu1/Temp", "vav2/Sp", "vav2/Temp"]],
  ["not zone", ["alone"]],
  ['zone == "no"', ["ahu1/Temp"]],
  ['zone != "yes"', ["ahu1/Temp"]],
  ["floor == 2", ["vav2/Temp"]],
  ["floor>2", ["ahu1/Temp"]],
  ['floor > "2"', []],
  ["floor != 2", ["ahu1/Temp"]],
  ["on == true", ["vav2/Temp"]],
  ["on == false", []],
  ['equip == "VAV 2"', ["vav2/Sp", "vav2/Temp"]],
  ['equip == "AHU 1"', ["ahu1/Temp", "vav2/Temp"]],
  ['equip == "tag:AHU 1" and zone == "no"', ["ahu1/Temp"]],
  ['equip != "AHU 1"', ["vav2/Sp"]],
  ["not equip", ["alone"]],
  ["cadence <= 60", ["vav2/Temp"]],
  ["cadence", ["vav2/Sp", "vav2/Temp"]],
  ['unit == "°F"', ["vav2/Sp", "vav2/Temp"]],
  ['unitTag == "raw"', ["vav2/Temp"]],
  ["floorNo == 7", ["vav2/Temp"]],
  ['name == "alone"', ["alone"]],
  ['label == "VAV 2 \\u0054emp"', ["vav2/Temp"]],
  ['siteName == "falls" and not temp', ["alone", "vav2/Sp"]],
  ['quantity == "gauge"', ["ahu1/Temp", "alone", "vav2/Sp", "vav2/Temp"]],
  ['quantity == "counter"', []],
  ["nowhere", []],
])("%s", (filter, found) => {
  expect(matched(filter)).toEqual(found);
});

test("a filter, a search, a tag and a unit must all match", () => {
  expect(index.find({ filter: "zone", search: "vav2", tag: "temp", unit: "°f" }).map(({ name }) => name)).toEqual([
    "ses/a/vav2/Temp",
  ]);
});

test.each<[string, boolean, RegExp]>([
  ["equipRef == @a", true, /references/],
  ["siteRef->area", true, /paths/],
  ["not siteRef->area", true, /paths/],
  ["^zone-temp", true, /symbols/],
  ["a == ^b", true, /symbols/],
  ["inputs?", true, /relationships/],
  ["siteRef *== @a", true, /wildcards/],
  ["a == 2026-01-01", true, /unit, dates/],
  ["a == 12:00:00", true, /unit, dates/],
  ["a > 5min", true, /unit, dates/],
  ["a > 20°C", true, /unit, dates/],
  ["a == `http://b`", true, /URIs/],
  ["a == -INF", true, /infinite/],
  ["a = 5", false, /expected `==` \(character 3\)/],
  ["a ==", false, /found the end/],
  ["Zone", false, /found "Zone"/],
  ["zone temp", false, /found "temp", expected `and`/],
  ["(zone", false, /expected `\)`/],
  ["zone)", false, /found "\)"/],
  ["a == 'b'", false, /expected a text in quotes/],
  ['a == "b', false, /closing quote/],
  ['a == "\\x"', false, /unknown escape/],
  ["a == b", false, /expected a text/],
  ["and", false, /found `and`/],
  ["", false, /found the end/],
  ["(".repeat(60), false, /over 50/],
])("%j is refused", (filter, isUnsupported, message) => {
  const fault = (() => {
    try {
      return parseFilter(filter);
    } catch (error) {
      return error;
    }
  })();
  expect(fault).toBeInstanceOf(FilterError);
  expect(fault).toMatchObject({ isUnsupported, message: expect.stringMatching(message) });
});

// haystack-core is the oracle. Its records have a key for each kind that a text is compared as: `t_` texts, `n_` numbers.
const TAGS = ["a", "b", "cD", "d_1"] as const;
const VALUES = ["x", "y", "", "1", "2", "-3.5", "1e2", 'q"\\$\n', "é"] as const;
const anyPoint = fc.record({
  kv: fc.dictionary(fc.constantFrom(...TAGS), fc.constantFrom(...VALUES), { noNullPrototype: true }),
  markers: fc.subarray([...TAGS]),
});

/** A filter as both parsers read it: ours, and with the keys of the oracle's records. */
interface Both {
  readonly ours: string;
  readonly theirs: string;
}
const text = (value: string) =>
  `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("$", "\\$").replaceAll("\n", "\\n")}"`;
const anyTag = fc.constantFrom(...TAGS);
const by = fc.constantFrom("==", "!=", "<", "<=", ">", ">=");
const compared = fc.oneof(
  fc.tuple(anyTag, by, fc.constantFrom(...VALUES)).map(([tag, op, value]) => [tag, op, text(value), "t_"] as const),
  fc
    .tuple(anyTag, by, fc.constantFrom("1", "2", "-3.5", "100", "1e2", "1_0.5", "0"))
    .map(([tag, op, value]) => [tag, op, value, "n_"] as const),
);
const anyFilter = fc.letrec<{ filter: Both }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 4 },
    anyTag.map((tag) => ({ ours: tag, theirs: tag })),
    anyTag.map((tag) => ({ ours: `not ${tag}`, theirs: `not ${tag}` })),
    fc.tuple(compared, fc.constantFrom("", " ", "\n ")).map(([[tag, op, value, kind], gap]) => {
      return { ours: `${tag}${gap}${op}${gap}${value}`, theirs: `${kind}${tag} ${op} ${value}` };
    }),
    fc.tuple(tie("filter"), fc.constantFrom("and", "or"), tie("filter")).map(([left, word, right]) => ({
      ours: `${left.ours} ${word} ${right.ours}`,
      theirs: `${left.theirs} ${word} ${right.theirs}`,
    })),
    tie("filter").map(({ ours, theirs }) => ({ ours: `( ${ours})`, theirs: `(${theirs})` })),
  ),
})).filter;

function record(point: { kv: Record<string, string>; markers: readonly string[] }): HDict {
  const values: Record<string, HVal> = {};
  for (const marker of point.markers) values[marker] = MARKER;
  for (const [tag, value] of Object.entries(point.kv)) {
    values[tag] = HStr.make(value);
    values[`t_${tag}`] = HStr.make(value);
    if (value !== "" && Number.isFinite(Number(value))) values[`n_${tag}`] = HNum.make(Number(value));
  }
  return HDict.make(values);
}

test("filters match what haystack-core matches", () => {
  fc.assert(
    fc.property(fc.array(anyPoint, { minLength: 1, maxLength: 6 }), anyFilter, (given, { ours, theirs }) => {
      const points = given.map((tags, i) => findable(String(i), { tags }));
      const found = new PointIndex("s", points).find({ filter: ours }).map(({ name }) => name);
      const oracle = new HFilter(theirs);
      const wanted = given.flatMap((point, i) => (oracle.eval({ dict: record(point) }) ? [String(i)] : []));
      expect(found, ours).toEqual(wanted);
    }),
    { numRuns: 2000 },
  );
});

test("any text is read as haystack-core reads it, or refused", () => {
  const token = fc.constantFrom(
    "a",
    "bC",
    "and",
    "or",
    "not",
    "(",
    ")",
    "==",
    "!=",
    "<",
    ">=",
    '"x"',
    "1",
    "-2.5",
    "true",
    " ",
    "=",
  );
  const anyText = fc.oneof(
    fc.array(token, { maxLength: 9 }).map((tokens) => tokens.join(" ")),
    fc.string({ maxLength: 12 }),
  );
  fc.assert(
    fc.property(anyText, (given) => {
      const read = (parse: () => unknown) => {
        try {
          parse();
          return "read";
        } catch (error) {
          return error instanceof FilterError && error.isUnsupported ? "unsupported" : "refused";
        }
      };
      const ours = read(() => parseFilter(given));
      const theirs = read(() => new HFilter(given));
      // `and` and `or` are words of the grammar, which haystack-core also takes for names of tags.
      const mayDiffer = /\b(?:and|or|not)\b/.test(given) && ours === "refused";
      expect(ours === "unsupported" || mayDiffer || ours === theirs, given).toBe(true);
    }),
    { numRuns: 5000 },
  );
});
