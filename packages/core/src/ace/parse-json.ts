/** A JSON string, or a bare NaN, Infinity or -Infinity. Strings match first, so that tokens within them stay. */
const TEXT_OR_NON_FINITE = /"[^"\\]*(?:\\[^][^"\\]*)*"|-?\b(?:NaN|Infinity)\b/g;

/**
 * Parses JSON with bare NaN, Infinity and -Infinity as numbers, which Python's json module writes.
 *
 * @param nonFinite their replacement: `null`, or `1e999`, which parses to a number that is not finite
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
