import { existsSync } from "node:fs";
import { cp, mkdtemp, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DuckDBInstance } from "@duckdb/node-api";
import { z } from "zod";

export const ROOMS = fileURLToPath(new URL("../../../shared/data/sutardja-dai", import.meta.url));
export const hasRooms = existsSync(ROOMS);

/** A folder of every third room, among them 511, whose sensors failed for days. The caller removes it. */
export async function copySomeRooms(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "building-vitals-rooms-"));
  const files = (await readdir(ROOMS)).filter((file) => file.endsWith(".csv.gz")).sort();
  for (const file of files.filter((_, i) => i % 3 === 2)) await cp(join(ROOMS, file), join(folder, file));
  return folder;
}

const COLUMNS = ["co2", "humidity", "light", "pir", "temperature"] as const;

const DAY_MS = 86_400_000;

type Connection = Awaited<ReturnType<DuckDBInstance["connect"]>>;

const spanSchema = z.object({ first: z.number(), last: z.number() });
const pointSchema = z.object({ room: z.string(), quantity: z.string(), n: z.number() });
const sampleSchema = z.object({ time: z.number(), value: z.number() });

/** A quantity of a room, and the number of its samples in the files. */
export type RoomPoint = z.infer<typeof pointSchema>;

/** The point name that the replay gives to a room's quantity. */
export function roomPoint(point: { room: string; quantity: string }): string {
  return `soda/sutardja_dai/${point.room}/${point.quantity}`;
}

/**
 * The CSV files as DuckDB, which shares no code with us, reads them. Times move from 2013 to the recent past by whole
 * days, so that the hours of the day stay.
 */
export class RoomsOracle {
  readonly #connection: Connection;
  /** offset added to each time of the files, ms */
  readonly shiftMs: number;
  /** times of the first and the last sample, epoch ms */
  readonly span: { readonly first: number; readonly last: number };

  private constructor(connection: Connection, shiftMs: number, span: { first: number; last: number }) {
    this.#connection = connection;
    this.shiftMs = shiftMs;
    this.span = span;
  }

  /** @param folder of the rooms' CSV files @param days number of UTC days to read, the last ones */
  static async open(folder = ROOMS, days = Number.POSITIVE_INFINITY): Promise<RoomsOracle> {
    const connection = await (await DuckDBInstance.create()).connect();
    const columns = `{'timestamp': 'TIMESTAMP', ${COLUMNS.map((name) => `'${name}': 'DOUBLE'`).join(", ")}}`;
    await connection.run(
      `CREATE TABLE samples AS
       SELECT regexp_extract(filename, '([0-9]+)[.]csv[.]gz$', 1) AS room, quantity, value,
         epoch_ms(timestamp) AS time
       FROM (UNPIVOT (SELECT * FROM read_csv('${folder}/*.csv.gz', columns = ${columns}, header = true, filename = true))
         ON ${COLUMNS.join(", ")} INTO NAME quantity VALUE value)`,
    );
    const read = "SELECT min(time) AS first, max(time) AS last FROM samples";
    if (Number.isFinite(days)) {
      const [{ last: newest }] = z.tuple([spanSchema]).parse(await rowsOf(connection, spanSchema, read));
      await connection.run(`DELETE FROM samples WHERE time < ${(Math.floor(newest / DAY_MS) + 1 - days) * DAY_MS}`);
    }
    const { first, last } = (await rowsOf(connection, spanSchema, read))[0]!;
    const shiftMs = Math.floor((Date.now() - last) / DAY_MS) * DAY_MS;
    await connection.run(`UPDATE samples SET time = time + ${shiftMs}`);
    return new RoomsOracle(connection, shiftMs, { first: first + shiftMs, last: last + shiftMs });
  }

  async points(): Promise<RoomPoint[]> {
    return this.rows(pointSchema, "SELECT room, quantity, count(*) AS n FROM samples GROUP BY ALL ORDER BY ALL");
  }

  /** All samples of a point, ascending. */
  async samples({ room, quantity }: RoomPoint): Promise<z.infer<typeof sampleSchema>[]> {
    return this.rows(
      sampleSchema,
      `SELECT time, value FROM samples WHERE room = '${room}' AND quantity = '${quantity}' ORDER BY time`,
    );
  }

  async rows<S extends z.ZodType>(schema: S, sql: string): Promise<z.output<S>[]> {
    return rowsOf(this.#connection, schema, sql);
  }
}

async function rowsOf<S extends z.ZodType>(connection: Connection, schema: S, sql: string): Promise<z.output<S>[]> {
  const reader = await connection.runAndReadAll(sql);
  const number = (value: unknown) => (typeof value === "bigint" ? Number(value) : value);
  return z
    .array(schema)
    .parse(
      reader.getRowObjects().map((row) => Object.fromEntries(Object.entries(row).map(([k, v]) => [k, number(v)]))),
    );
}
