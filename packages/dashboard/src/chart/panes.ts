/** Series that share a y axis. */
export interface Pane<T> {
  /** null: unknown unit */
  readonly unit: string | null;
  readonly series: readonly T[];
}

/** Puts series of one unit into one pane, in the order in which units occur. */
export function panesOf<T extends { readonly unit: string | null }>(series: readonly T[]): Pane<T>[] {
  return [...Map.groupBy(series, ({ unit }) => unit)].map(([unit, ofUnit]) => ({ unit, series: ofUnit }));
}
