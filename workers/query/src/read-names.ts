import { z } from "zod";

/**
 * Most pieces between commas that one name of several may have. A longer name must be sent alone or in a JSON array.
 */
const MAX_PIECES = 8;

/** Pieces of longer requests are not joined: joined texts are 36 times as long. Cloudflare accepts 16 KB of address. */
const MAX_JOINED_CHARS = 16_000;

const listSchema = z.array(z.string().min(1));

/** The names in a JSON array of strings, as Grafana's `${point:json}` sends it. null: not such an array. */
function jsonList(text: string): string[] | null {
  if (!text.startsWith('["')) return null;
  try {
    return listSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

/** The names that the pieces [from, to), joined by commas, may spell. */
function spellings(pieces: readonly string[], from: number, to: number): string[] {
  const text = pieces.slice(from, to).join(",");
  return [...new Set([text, text.trim()])].filter((name) => name !== "");
}

/** Possible ends, exclusive, of a name that begins with the piece `from`. */
function* ends(pieces: readonly string[], from: number): Generator<number> {
  for (let to = from + 1; to <= Math.min(pieces.length, from + MAX_PIECES); to++) yield to;
  if (from === 0 && pieces.length > MAX_PIECES) yield pieces.length;
}

/** All names that the values may hold. Look them up before {@link readNames}. */
export function candidateNames(values: readonly string[]): string[] {
  const names = new Set<string>();
  const isJoined = values.reduce((sum, { length }) => sum + length, 0) <= MAX_JOINED_CHARS;
  for (const value of values) {
    const list = jsonList(value);
    const pieces = list === null ? value.split(",") : [];
    for (const name of list ?? []) names.add(name);
    for (let from = 0; from < pieces.length; from++) {
      for (const to of ends(pieces, from)) {
        const isWhole = from === 0 && to === pieces.length;
        if (isJoined || isWhole || to === from + 1) for (const name of spellings(pieces, from, to)) names.add(name);
      }
    }
  }
  return [...names];
}

/** One way to read a text, and the number of its names without a point. */
interface Reading {
  readonly names: readonly string[];
  readonly unknown: number;
}

/** The readings of one name's spellings. Only a single piece may be an unknown name; an empty piece is no name. */
function firstNames(names: readonly string[], isSingle: boolean, isKnown: (name: string) => boolean): Reading[] {
  const known = names.filter(isKnown);
  if (known.length > 0) return known.map((name) => ({ names: [name], unknown: 0 }));
  if (!isSingle) return [];
  const unknown = names.filter((name) => name.trim() !== "").slice(-1);
  return [{ names: unknown, unknown: unknown.length }];
}

/**
 * The readings of a text with the fewest unknown names, at most two. A JSON array has one reading. Any other text is
 * split at commas, and neighbouring pieces are one name if a point has that name.
 */
export function readNames(text: string, isKnown: (name: string) => boolean): string[][] {
  const list = jsonList(text);
  if (list !== null) return [list];
  const pieces = text.split(",");
  /** by the first piece of the reading */
  const best: Reading[][] = Array.from({ length: pieces.length + 1 }, () => []);
  best[pieces.length] = [{ names: [], unknown: 0 }];
  for (let from = pieces.length - 1; from >= 0; from--) {
    const found: Reading[] = [];
    for (const to of ends(pieces, from)) {
      for (const first of firstNames(spellings(pieces, from, to), to === from + 1, isKnown)) {
        for (const rest of best[to]!) {
          found.push({ names: [...first.names, ...rest.names], unknown: first.unknown + rest.unknown });
        }
      }
    }
    const fewest = Math.min(...found.map(({ unknown }) => unknown));
    best[from] = found.filter(({ unknown }) => unknown === fewest).slice(0, 2);
  }
  return best[0]!.map(({ names }) => [...names]);
}
