/** A figure as it is shown everywhere: counts whole, all else with three digits at least. */
export function figureText(value: number): string {
  if (Number.isInteger(value) || Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en");
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** How many times the first candidate's; null: it was too short to be measured. */
export function ratioText(ratio: number | null): string {
  if (ratio === null) return "–";
  return `${ratio >= 100 ? ratio.toFixed(0) : ratio.toPrecision(ratio >= 1 ? 3 : 2)}×`;
}

/** The unit that a figure's name begins or ends with, for a label behind the number. */
export function unitOf(figure: string): string {
  if (figure.startsWith("bytes")) return "bytes";
  if (figure === "samples/s") return "samples/s";
  const [unit = ""] = /^(?:ms|MB|KB|CPU s)\b/.exec(figure) ?? [];
  return unit;
}
