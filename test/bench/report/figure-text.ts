/** Formats a figure: counts as integers, all else with at least three digits. */
export function figureText(value: number): string {
  if (Number.isInteger(value) || Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en");
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** @param ratio to the first candidate's figure; null: that was too short to measure */
export function ratioText(ratio: number | null): string {
  if (ratio === null) return "–";
  return `${ratio >= 100 ? ratio.toFixed(0) : ratio.toPrecision(ratio >= 1 ? 3 : 2)}×`;
}

/** The unit at the start of a figure's name; empty: none. */
export function unitOf(figure: string): string {
  if (figure.startsWith("bytes")) return "bytes";
  if (figure === "samples/s") return "samples/s";
  const [unit = ""] = /^(?:ms|MB|KB|CPU s)\b/.exec(figure) ?? [];
  return unit;
}
