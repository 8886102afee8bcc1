import { AceError } from "@building-vitals/core/ace/ace-error";
import { cursorIdentity, repairCursor } from "@building-vitals/core/ace/cursor";
import { PageDecoder } from "@building-vitals/core/ace/page";
import { mutateBytes } from "./mutate-bytes.ts";
import { mutateJson } from "./mutate-json.ts";
import { readPage } from "./page-oracle.ts";
import type { Random } from "./random.ts";
import { expectSame, type FuzzTarget } from "./target.ts";

const decoder = new TextDecoder();

const NOW = Date.UTC(2025, 9, 12, 15);

const TIMES = [
  "2025-10-12T14:50:36.055960",
  "2025-10-12 14:50:36",
  "2025-10-12T14:50:36.055960",
  "2025-10-12T14:51:00Z",
  "2025-10-12T16:51:00.5+02:00",
] as const;
const VALUES: readonly [unknown, ...unknown[]] = [
  "330.0",
  "1.6100000143051147",
  "-0",
  "NaN",
  "active",
  "inactive",
  72.5,
  true,
  null,
];

const cursorOf = (random: Random) =>
  btoa(
    JSON.stringify({ offset: random.below(5_000), timestamp: random.pick(TIMES), ...(random.chance(0.1) && { x: 1 }) }),
  );

/** Mutating a cursor's base64 rarely gives base64, so its JSON is mutated. */
function anyCursor(random: Random): string {
  const [cursor, other] = [cursorOf(random), cursorOf(random)];
  if (random.chance(0.5)) return cursor;
  const mutated = mutateJson(random, atob(cursor), atob(other));
  return btoa(Array.from(mutated, (char) => (char > "\u00ff" ? "?" : char)).join(""));
}

function validPage(random: Random): string {
  const rows = Array.from({ length: random.below(8) }, () => ({
    name: random.pick(["ses/a", "ses/b", "constructor", "Ž"]),
    value: random.pick(VALUES),
    time: random.pick(TIMES),
  }));
  const more = random.chance(0.5);
  const next_cursor = more ? anyCursor(random) : null;
  if (random.chance(0.7)) return JSON.stringify({ point_samples: rows, next_cursor, has_more: more });
  const data = rows.map(({ name, value, time }) => {
    return { point_name: name, value, timestamp: random.chance(0.3) ? Date.parse(time) / 1000 : time };
  });
  return JSON.stringify({ data, pagination: { next_cursor, has_more: more } });
}

/** Pages of samples as JSON text, and the repair of their cursors. */
export const page: FuzzTarget = {
  generate: (random) => {
    const [text, other] = [validPage(random), validPage(random)];
    if (random.chance(0.6)) return Buffer.from(mutateJson(random, text, other));
    return mutateBytes(random, Buffer.from(text), Buffer.from(other));
  },
  check: (input) => {
    const text = decoder.decode(input);
    let expected: ReturnType<typeof readPage> = null;
    try {
      expected = readPage(JSON.parse(text), NOW);
    } catch {
      // not JSON
    }
    // The code reads bare NaN, Infinity and -Infinity, although they are not JSON. The oracle does not know them.
    const isPlain = !/NaN|Infinity/.test(text);
    try {
      const reader = new PageDecoder(NOW, "/page");
      for (let at = 0, size = 1 + (text.length % 37); at < text.length; at += size) {
        reader.write(text.slice(at, at + size));
      }
      const { samples, records, rejected, cursor, end } = reader.end();
      if (expected === null && !isPlain) return "accepted";
      const rows = Array.from(samples.times, (time, i) => [
        samples.names[samples.nameIndex[i]!],
        time,
        samples.values[i],
      ]);
      expectSame({ rows, records, rejected, cursor }, expected, "a page");
      if (cursor !== null) {
        for (const incoming of [null, cursor]) cursorIdentity(repairCursor(incoming, cursor, end));
      }
      return "accepted";
    } catch (error) {
      // The transport calls this a broken body.
      if (!(error instanceof AceError || error instanceof SyntaxError)) throw error;
      if (expected !== null) expectSame("refused", expected, "a page");
      return "refused";
    }
  },
};
