/** Stands around each call that reaches the database: a statement, or a batch of some. */
export type AroundCall = <T>(call: () => Promise<T>) => Promise<T>;

const CALLS: ReadonlySet<PropertyKey> = new Set(["first", "run", "all", "raw"]);

/** A database with something around every call to it, to time or to end them. */
export function aroundCalls(db: D1Database, around: AroundCall): D1Database {
  const real = new WeakMap<D1PreparedStatement, D1PreparedStatement>();
  const wrap = (statement: D1PreparedStatement): D1PreparedStatement => {
    const wrapped = new Proxy(statement, {
      get(target, key): unknown {
        if (key === "bind") return (...values: unknown[]) => wrap(target.bind(...values));
        const member: unknown = Reflect.get(target, key);
        if (typeof member !== "function") return member;
        const call = (...given: unknown[]): unknown => Reflect.apply(member, target, given);
        return CALLS.has(key) ? (...given: unknown[]) => around(async () => call(...given)) : call;
      },
    });
    real.set(wrapped, statement);
    return wrapped;
  };
  return new Proxy(db, {
    get(target, key): unknown {
      if (key === "prepare") return (query: string) => wrap(target.prepare(query));
      if (key === "batch") {
        return (statements: D1PreparedStatement[]) =>
          around(() => target.batch(statements.map((one) => real.get(one) ?? one)));
      }
      const member: unknown = Reflect.get(target, key);
      return typeof member === "function"
        ? (...given: unknown[]): unknown => Reflect.apply(member, target, given)
        : member;
    },
  });
}
