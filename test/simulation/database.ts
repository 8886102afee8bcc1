import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import type { Process, World } from "./world.ts";

const MIGRATIONS = join(import.meta.dirname, "../../migrations");
const SCHEMA = readdirSync(MIGRATIONS)
  .filter((name) => name.endsWith(".sql"))
  .sort()
  .map((name) => readFileSync(join(MIGRATIONS, name), "utf8"));

/** D1's limits. Local D1 does not enforce all of them. */
const MAX_PARAMETERS = 100;
const MAX_SQL_BYTES = 100_000;
const MAX_STRING_BYTES = 2_000_000;
const MAX_STATEMENTS = 1_000;

export type Bound = string | number | null;

/** A statement as it reaches D1. */
export interface SentStatement {
  readonly sql: string;
  readonly values: readonly Bound[];
}

export interface StatementResult {
  readonly success: true;
  readonly results: Record<string, unknown>[];
  readonly meta: { readonly changes: number; readonly rows_read: number };
}

interface Prepared {
  readonly statement: StatementSync;
  readonly hasRows: boolean;
  readonly isWriting: boolean;
  /** parameters */
  readonly wanted: number;
}

/** SQLite with its compiled statements. Creating them takes longer than playing a seed. */
class Engine {
  readonly sqlite = new DatabaseSync(":memory:");
  readonly #prepared = new Map<string, Prepared>();
  readonly #wipes: readonly StatementSync[];
  readonly begin: StatementSync;
  readonly commit: StatementSync;

  constructor() {
    for (const migration of SCHEMA) this.sqlite.exec(migration);
    const tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    const names = this.sqlite
      .prepare(tables)
      .all()
      .map(({ name }) => String(name));
    this.#wipes = names
      .filter((name) => name !== "schema_version")
      .map((name) => this.sqlite.prepare(`DELETE FROM "${name}"`));
    this.begin = this.sqlite.prepare("BEGIN");
    this.commit = this.sqlite.prepare("COMMIT");
  }

  /** Empties the database and keeps the compiled statements. */
  wipe(): void {
    if (this.sqlite.isTransaction) this.sqlite.exec("ROLLBACK");
    this.sqlite.exec("PRAGMA foreign_keys = OFF");
    for (const wipe of this.#wipes) wipe.run();
    this.sqlite.exec("PRAGMA foreign_keys = ON");
  }

  prepare(sql: string): Prepared {
    let prepared = this.#prepared.get(sql);
    if (prepared === undefined) {
      const statement = this.sqlite.prepare(sql);
      const wanted = Math.max(0, ...Array.from(sql.matchAll(/\?(\d+)/g), ([, number]) => Number(number)));
      const isWriting = /\bRETURNING\b/.test(sql);
      prepared = { statement, hasRows: statement.columns().length > 0, isWriting, wanted };
      this.#prepared.set(sql, prepared);
    }
    return prepared;
  }
}

let engine: Engine | null = null;

/**
 * The inside of D1: one SQLite database in memory, the real engine, in which every batch is a transaction. One instance
 * at a time.
 */
export class SimulatedDatabase {
  /** called for every committed transaction */
  onCommit: (statements: readonly SentStatement[], by: Process) => void = () => undefined;
  /** receives every transaction with its outcome */
  onTransaction: (statements: readonly SentStatement[], results: readonly StatementResult[] | null) => void = () =>
    undefined;
  readonly #engine: Engine;

  constructor() {
    engine ??= new Engine();
    engine.wipe();
    this.#engine = engine;
  }

  /** Rows of a statement of the simulation itself, outside of any process. */
  rows(sql: string, ...values: SQLInputValue[]): Record<string, unknown>[] {
    return this.#engine.prepare(sql).statement.all(...values);
  }

  /** Runs statements as one transaction. @throws D1's error; then nothing was changed */
  transaction(statements: readonly SentStatement[]): StatementResult[] {
    this.#engine.begin.run();
    try {
      const results = statements.map((statement) => this.#execute(statement));
      this.#engine.commit.run();
      this.onTransaction(statements, results);
      return results;
    } catch (error) {
      this.#engine.sqlite.exec("ROLLBACK");
      this.onTransaction(statements, null);
      throw new Error(`D1_ERROR: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }

  /** The database as bound to a process. */
  boundTo(world: World, process: Process) {
    const send = (statements: readonly SentStatement[]) => {
      process.statements += statements.length;
      const name = statements[0]?.sql.trim().split(/\s+/, 6).join(" ") ?? "nothing";
      return world.io(process, "d1", `${statements.length} x ${name}`, () => {
        if (process.statements > MAX_STATEMENTS) throw new Error("Too many API requests by single Worker invocation.");
        const results = this.transaction(statements);
        this.onCommit(statements, process);
        return results;
      });
    };
    return {
      prepare: (sql: string) => new BoundStatement(sql, [], send),
      batch: (statements: readonly BoundStatement[]) => send(statements),
    };
  }

  #execute({ sql, values }: SentStatement): StatementResult {
    const { statement, hasRows, isWriting, wanted } = this.#engine.prepare(sql);
    checkLimits(sql, values, wanted);
    if (!hasRows) {
      const { changes } = statement.run(...values);
      return { success: true, results: [], meta: { changes: Number(changes), rows_read: 0 } };
    }
    const results = statement.all(...values);
    return { success: true, results, meta: { changes: isWriting ? results.length : 0, rows_read: results.length } };
  }
}

function checkLimits(sql: string, values: readonly Bound[], wanted: number): void {
  if (/^\s*(?:BEGIN|COMMIT|ROLLBACK|SAVEPOINT)\b/i.test(sql)) throw new Error("to execute a transaction, use batch()");
  if (sql.length > MAX_SQL_BYTES) throw new Error("statement too long: SQLITE_TOOBIG");
  if (values.length > MAX_PARAMETERS) throw new Error("too many SQL variables");
  if (wanted !== values.length) throw new Error(`Wrong number of parameter bindings: ${values.length} of ${wanted}`);
  for (const value of values) {
    if (typeof value === "string" && Buffer.byteLength(value) > MAX_STRING_BYTES) throw new Error("SQLITE_TOOBIG");
    if (value !== null && typeof value !== "string" && typeof value !== "number")
      throw new Error(`D1_TYPE_ERROR: Type '${typeof value}' not supported`);
  }
}

type Send = (statements: readonly SentStatement[]) => Promise<StatementResult[]>;

class BoundStatement implements SentStatement {
  readonly sql: string;
  readonly values: readonly Bound[];
  readonly #send: Send;

  constructor(sql: string, values: readonly Bound[], send: Send) {
    this.sql = sql;
    this.values = values;
    this.#send = send;
  }

  bind(...values: readonly Bound[]): BoundStatement {
    return new BoundStatement(this.sql, values, this.#send);
  }

  async all(): Promise<StatementResult> {
    const [result] = await this.#send([this]);
    if (result === undefined) throw new Error("no result of a statement");
    return result;
  }

  run(): Promise<StatementResult> {
    return this.all();
  }

  async first(): Promise<Record<string, unknown> | null> {
    return (await this.all()).results[0] ?? null;
  }
}
