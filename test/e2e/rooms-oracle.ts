import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { DuckDBInstance } from "@duckdb/node-api";
import { z } from "zod";

export const ROOMS = fileURLToPath(new URL("../../../shared/data/sutardja-dai", import.meta.url));
export const hasRooms = existsSync(ROOMS);

const COLUMNS = ["co2", "humidity", "light", "pir", "temperature"] as const;

/** The name that the replay gives to what a room measured. */
export function roomPoint(point: { room: string; quantity: string }): string {
  return `soda/sutardja_dai/${point.room}/${point.quantity}`;
}

/** What DuckDB, which shares no code with us, reads from the CSV files. */
export class RoomsOracle {
  readonly #connection: Awaited<ReturnType<DuckDBInstance["connect"]>>;

  private constructor(connection: Awaited<ReturnType<DuckDBInstance["connect"]>>) {
    this.#connection = connection;
  }

  static async open(): Promise<RoomsOracle> {
    const connection = await (await DuckDBInstance.create()).connect();
    const columns = `{'timestamp': 'TIMESTAMP', ${COLUMNS.map((name) => `'${name}': 'DOUBLE'`).join(", ")}}`;
    await connection.run(
      `CREATE TABLE samples AS
       SELECT regexp_extract(filename, '([0-9]+)[.]csv[.]gz$', 1) AS room, quantity, value,
         epoch_ms(timestamp) AS time
       FROM (UNPIVOT (SELECT * FROM read_csv('${ROOMS}/*.csv.gz', columns = ${columns}, header = true, filename = true))
         ON ${COLUMNS.join(", ")} INTO NAME quantity VALUE value)`,
    );
    return new RoomsOracle(connection);
  }

  /** Moves every sample by some milliseconds. */
  async shift(ms: number): Promise<void> {
    await this.#connection.run(`UPDATE samples SET time = time + ${ms}`);
  }

  async rows<S extends z.ZodType>(schema: S, sql: string): Promise<z.output<S>[]> {
    const reader = await this.#connection.runAndReadAll(sql);
    const number = (value: unknown) => (typeof value === "bigint" ? Number(value) : value);
    return z
      .array(schema)
      .parse(
        reader.getRowObjects().map((row) => Object.fromEntries(Object.entries(row).map(([k, v]) => [k, number(v)]))),
      );
  }
}
