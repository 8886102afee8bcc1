const LABEL_WIDTH = 9;

/** A line of a command's output: a label in its column, then the text. */
export function formatLine(label: string, text: string): string {
  return label.padEnd(LABEL_WIDTH) + text;
}

export function formatCount(n: number, noun: string): string {
  return `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;
}
