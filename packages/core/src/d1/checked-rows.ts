/** Checks the type of a column's value. */
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
 * A parser of a query's rows, for queries with hundreds of rows: zod is several times slower, because Workers forbid it
 * to compile code.
 * @param table named in the error @param columns a check for each column
 * @returns a function that throws {@link Error} for rows that lack a column or have a value of another type
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
    const fault = typeof bad === "object" && bad !== null ? `the column ${faultOf(bad)} has a bad value` : "no row";
    throw new Error(`${table}: found ${fault}`);
  };
}
