import type { Random } from "./random.ts";

/** The outcome of an input: refused with a typed error, or accepted with the oracle's reading. */
export type Outcome = "accepted" | "refused";

export interface FuzzTarget {
  /** An input, usually mutated. Its bytes contain everything that {@link check} needs. */
  readonly generate: (random: Random) => Uint8Array;
  /** @throws anything else: an untyped error, or an accepted input that the oracle reads differently */
  readonly check: (input: Uint8Array) => Promise<Outcome> | Outcome;
}

/** A disagreement between the code and its oracle. */
export class Mismatch extends Error {
  override readonly name = "Mismatch";
}

export function expectSame(actual: unknown, expected: unknown, what: string): void {
  const [left, right] = [textOf(actual), textOf(expected)];
  if (left !== right) throw new Mismatch(`${what}: read as ${left.slice(0, 2_000)}, not ${right.slice(0, 2_000)}`);
}

/** JSON that distinguishes -0, typed arrays and missing values. */
function textOf(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (part === undefined) return "undefined";
    if (typeof part === "number" && (Object.is(part, -0) || !Number.isFinite(part)))
      return `number ${1 / part} ${part}`;
    return ArrayBuffer.isView(part) ? Array.from(Object.values(part)) : part;
  });
}
