import { NAMES_OF_HEAT_AND_FLOW } from "./unit-names-heat-flow.ts";
import { NAMES_OF_OTHER_UNITS } from "./unit-names-other.ts";

const UNIT_NAMES = { ...NAMES_OF_HEAT_AND_FLOW, ...NAMES_OF_OTHER_UNITS };

/** Spellings of "no unit", or of a unit that the controller does not know. */
const NONE = new Set(["", "nounits", "nounit", "none", "null", "unitless", "propertyunknownproperty"]);

/**
 * One form for equal characters: `℉` becomes `°F`, `³` becomes `3`, the ohm sign the Greek letter, and likewise the
 * keyboard's substitutes for the degree sign and delta.
 */
function plain(text: string): string {
  return text.replace(/[º˚]/g, "°").replaceAll("∆", "Δ").normalize("NFKC");
}

/** Normalises a spelling with signs: without case, spaces, dots and brackets, so `L/s` and `l / s` are equal. */
function signKey(text: string): string {
  return plain(text)
    .toLowerCase()
    .replace(/[\s._·^()]/g, "");
}

/** A name by its letters and digits; null: it contains a meaningful sign. */
function nameKey(text: string): string | null {
  const lower = plain(text).toLowerCase();
  return /^[\p{L}\p{N}\s._:-]*$/u.test(lower) ? lower.replace(/[^\p{L}\p{N}]/gu, "") : null;
}

/** Case matters: `mW` is not `MW`. `F` and `C` are degrees here; BACnet has names for farads, and none for coulombs. */
const BY_SYMBOL = new Map([
  ...Object.keys(UNIT_NAMES).map((symbol) => [plain(symbol), symbol] as const),
  ["F", "°F"],
  ["C", "°C"],
]);

/** Case-insensitive. A key shared by two units, such as `mw`, is ignored; so is a single letter. */
const BY_SIGNS = new Map<string, string | null>();
/** BACnet's and Haystack's names, and other spellings. */
const BY_NAME = new Map<string, string>();

for (const [symbol, names] of Object.entries(UNIT_NAMES)) {
  const key = signKey(symbol);
  if (key.length > 1) BY_SIGNS.set(key, BY_SIGNS.has(key) ? null : symbol);
  for (const name of names.split(" ")) {
    const word = nameKey(name);
    if (word === null) BY_SIGNS.set(signKey(name), symbol);
    else BY_NAME.set(word, symbol);
  }
}

/**
 * The symbol of a unit, from the upstream's spelling; null: no unit. An unknown spelling stays unchanged: a person can
 * read it, and a wrong guess would mislead.
 */
export function normalizeUnit(raw: string | null | undefined): string | null {
  const trimmed = raw?.trim() ?? "";
  const symbol = BY_SYMBOL.get(plain(trimmed));
  if (symbol !== undefined) return symbol;
  const name = nameKey(trimmed);
  if (name !== null && NONE.has(name)) return null;
  return BY_SIGNS.get(signKey(trimmed)) ?? (name === null ? undefined : BY_NAME.get(name)) ?? trimmed;
}
