import { z } from "zod";

/** Pieces between commas that may be one name of several. A longer name must be given alone or in a JSON array. */
const MAX_PIECES = 8;

/** Longer requests are read without joining pieces: the joined texts grow 36-fold. Cloudflare takes 16 KB of address. */
const MAX_JOINED_CHARS = 16_000;

const listSchema = z.array(z.string().min(1));

/** The names of a text that is a JSON array of texts, as Grafana's `${point:json}`; null: it is not. */
function jsonList(text: string): string[] | null {
  if (!text.startsWith('["')) return null;
  try {
    return listSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

/** What the pieces [from, to) of a text may name, joined by the commas between them. */
function spellings(pieces: readonly string[], from: number, to: number): string[] {
  const text = pieces.slice(from, to).join(",");
  return [...new Set([text, text.trim()])].filter((name) => name !== "");
}

/** Where a name that begins with a piece may end, exclusive. */
function* ends(pieces: readonly string[], from: number): Generator<number> {
  for (let to = from + 1; to <= Math.min(pieces.length, from + MAX_PIECES); to++) yield to;
  if (from === 0 && pieces.length > MAX_PIECES) yield pieces.length;
}

/** All names that some values may hold, to be looked up before {@link readNames}. */
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

/** One way to read a text, with the number of names that no point has. */
interface Reading {
  readonly names: readonly string[];
  readonly unknown: number;
}

/** What a name's spellings may stand for. Only a single piece may be an unknown name, or none where it has no text. */
function firstNames(names: readonly string[], isSingle: boolean, isKnown: (name: string) => boolean): Reading[] {
  const known = names.filter(isKnown);
  if (known.length > 0) return known.map((name) => ({ names: [name], unknown: 0 }));
  if (!isSingle) return [];
  const unknown = names.filter((name) => name.trim() !== "").slice(-1);
  return [{ names: unknown, unknown: unknown.length }];
}

/**
 * The ways to read a text that leave the fewest names unknown, at most two of them. A JSON array has one reading. Any
 * other text is split at commas, and neighbouring pieces are one name where a point has that name.
 */
export function readNames(text: string, isKnown: (name: string) => boolean): string[][] {
  const list = jsonList(text);
  if (list !== null) return [list];
  const pieces = text.split(",");
  /** by the piece that they begin with */
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
