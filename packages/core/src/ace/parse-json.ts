/** A JSON text, or a bare NaN, Infinity or -Infinity. Texts match first, so that a token inside one is left alone. */
const TEXT_OR_NON_FINITE = /"[^"\\]*(?:\\[^][^"\\]*)*"|-?\b(?:NaN|Infinity)\b/g;

/**
 * Parses JSON in which bare NaN, Infinity and -Infinity stand for numbers, as Python's json module writes them.
 *
 * @param nonFinite JSON to read in their place: `null`, or `1e999`, which parses to a number that is not finite
 * @throws {SyntaxError}
 */
export function parseApiJson(text: string, nonFinite: "null" | "1e999"): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const standard = text.replace(TEXT_OR_NON_FINITE, (token) => (token.startsWith('"') ? token : nonFinite));
    if (standard === text) throw error;
    return JSON.parse(standard);
  }
}
