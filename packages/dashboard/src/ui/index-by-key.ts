/**
 * The next cell of keyboard navigation: arrows move by their steps, Home and End to the ends.
 * @param at the focused cell @param steps by `KeyboardEvent.key`
 * @returns an index in [0, length), limited to the ends; null: another key
 */
export function indexByKey(
  key: string,
  at: number,
  length: number,
  steps: Readonly<Record<string, number>>,
): number | null {
  if (key === "Home") return 0;
  if (key === "End") return length - 1;
  const step = steps[key];
  return step === undefined ? null : Math.min(length - 1, Math.max(0, at + step));
}
