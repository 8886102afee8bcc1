/** Whether a column's value is of a type. */
export type Check<T> = (value: unknown) => value is T;

export function isInt(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

export function isText(value: unknown): value is string {
  return typeof value === "string";
}

export function oneOf<T extends string>(values: readonly T[]): Check<T> {
  const known: ReadonlySet<unknown> = new Set(values);
  return (value): value is T => known.has(value);
}

export function orNull<T>(check: Check<T>): Check<T | null> {
  return (value): value is T | null => value === null || check(value);
}

/**
 * A parser of a query's rows. For queries with hundreds of rows: zod takes many times as long, because Workers let it compile no code.
 * @param table for the error @param columns a check for each column
 * @returns throws {@link Error} for rows that lack a column or have another value there
 */
export function rowsOf<T extends object>(
  table: string,
  columns: { readonly [K in keyof T]: Check<T[K]> },
): (results: unknown) => T[] {
  const checks: readonly [name: string, check: Check<unknown>][] = Object.entries(columns);
  const faultOf = (row: object) => checks.find(([name, check]) => !check(Reflect.get(row, name)))?.[0];
  const isRow = (row: unknown): row is T => typeof row === "object" && row !== null && faultOf(row) === undefined;
  return (results) => {
    if (!Array.isArray(results)) throw new Error(`${table}: found ${typeof results}, expected rows`);
    const rows: unknown[] = results;
    if (rows.every(isRow)) return rows;
    const bad = rows.find((row) => !isRow(row));
    const fault = typeof bad === "object" && bad !== null ? `a bad value in the column ${faultOf(bad)}` : "no row";
    throw new Error(`${table}: found ${fault}`);
  };
}
