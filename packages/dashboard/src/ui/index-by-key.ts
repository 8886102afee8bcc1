/**
 * Where a key leads among cells that are walked by keys: the arrows by their steps, Home and End to the ends.
 * @param at the cell that has the focus @param steps by `KeyboardEvent.key`
 * @returns an index in [0, length), the nearest where a step leads beyond; null: the key is none of them
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
