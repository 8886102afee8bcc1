/** Wraps each call that reaches the database: one statement or a batch. @param queries their SQL */
export type Interceptor = <T>(execute: () => Promise<T>, statements: number, queries: readonly string[]) => Promise<T>;

const EXECUTING: ReadonlySet<PropertyKey> = new Set(["first", "run", "all", "raw"]);

/**
 * A database with an interceptor around every call: tests time calls, stop at them, or make them fail.
 * @throws {Error} for a call that it does not intercept
 */
export function interceptedDatabase(db: D1Database, intercept: Interceptor): D1Database {
  const real = new WeakMap<D1PreparedStatement, { readonly statement: D1PreparedStatement; readonly query: string }>();
  const wrap = (statement: D1PreparedStatement, query: string): D1PreparedStatement => {
    const wrapped = new Proxy(statement, {
      get(target, key): unknown {
        if (key === "bind") return (...values: unknown[]) => wrap(target.bind(...values), query);
        const member: unknown = Reflect.get(target, key);
        if (typeof member !== "function") return member;
        const call = (...given: unknown[]): unknown => Reflect.apply(member, target, given);
        return EXECUTING.has(key) ? (...given: unknown[]) => intercept(async () => call(...given), 1, [query]) : call;
      },
    });
    real.set(wrapped, { statement, query });
    return wrapped;
  };
  return new Proxy(db, {
    get(target, key): unknown {
      if (key === "prepare") return (query: string) => wrap(target.prepare(query), query);
      if (key === "batch") {
        return (statements: D1PreparedStatement[]) =>
          intercept(
            () => target.batch(statements.map((statement) => real.get(statement)?.statement ?? statement)),
            statements.length,
            statements.map((statement) => real.get(statement)?.query ?? ""),
          );
      }
      // `await` and the log read these
      if (key === "then" || typeof key === "symbol") return undefined;
      throw new Error(`no call to ${key} of a database is intercepted`);
    },
  });
}
