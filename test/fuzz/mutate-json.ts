import type { Random } from "./random.ts";

/** Pieces of JSON at the limits of what a reader expects. */
const PIECES: readonly [string, ...string[]] = [
  "null",
  "true",
  "false",
  "0",
  "-0",
  "-1",
  "1e999",
  "-1e999",
  "1e-999",
  "5e-324",
  "9007199254740993",
  "2147483648",
  "4294967296",
  "18446744073709551616",
  "3600000",
  '""',
  '"NaN"',
  '"Infinity"',
  '"0x10"',
  '"__proto__"',
  '"\\u0000"',
  '"\\ud800"',
  '"\\u0100"',
  '"2025-10-12T14:50:36.055960"',
  '"2025-02-29T24:00:60Z"',
  "1760280636",
  "1e300",
  "[]",
  "{}",
  "[[]]",
  '{"a":1}',
  "[".repeat(2_000) + "]".repeat(2_000),
  '{"a":'.repeat(500) + "1" + "}".repeat(500),
];

/** A JSON value without structure: a string, a number or a literal. */
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/g;

function tokens(text: string): { at: number; end: number }[] {
  return Array.from(text.matchAll(TOKEN), (match) => ({ at: match.index, end: match.index + match[0].length }));
}

/** Replaces, doubles, drops or swaps a token, so that the result is mostly JSON. */
function mutateToken(random: Random, text: string, other: string): string {
  const all = tokens(text);
  const token = all[random.below(all.length)];
  if (token === undefined) return random.pick(PIECES);
  const [before, own, after] = [text.slice(0, token.at), text.slice(token.at, token.end), text.slice(token.end)];
  switch (random.below(6)) {
    case 0:
      return before + random.pick(PIECES) + after;
    case 1:
      return `${before}${own},${own}${after}`;
    case 2:
      return before + after.replace(/^\s*[,:]/, "");
    case 3: {
      const theirs = tokens(other);
      const taken = theirs[random.below(theirs.length)];
      return before + (taken === undefined ? "" : other.slice(taken.at, taken.end)) + after;
    }
    case 4:
      return before + (random.chance(0.5) ? `[${own}]` : `"${own.replaceAll('"', "")}"`) + after;
    default: {
      const at = random.below(own.length + 1);
      const char = random.pick(["0", "9", "-", ".", "e", '"', "\\", " ", "\u0660", "+"]);
      return before + own.slice(0, at) + char + own.slice(random.chance(0.5) ? at : at + 1) + after;
    }
  }
}

/** One to three changes of a JSON text, by tokens. */
export function mutateJson(random: Random, text: string, other: string): string {
  let mutated = mutateToken(random, text, other);
  while (random.chance(0.35)) mutated = mutateToken(random, mutated, other);
  return mutated;
}
