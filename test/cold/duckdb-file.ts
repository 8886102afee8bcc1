import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance, type JS } from "@duckdb/node-api";
import { z } from "zod";

const sampleSchema = z.object({ name: z.string(), time: z.bigint(), value: z.number() });

/** DuckDB, which shares no code with us, over one Parquet file. In its SQL, `$file` stands for the file. */
export class DuckDbFile {
  readonly #folder: string;
  readonly #connection: Awaited<ReturnType<DuckDBInstance["connect"]>>;
  #version = 0;
  #path = "";

  private constructor(folder: string, connection: Awaited<ReturnType<DuckDBInstance["connect"]>>) {
    this.#folder = folder;
    this.#connection = connection;
  }

  static async open(): Promise<DuckDbFile> {
    const folder = await mkdtemp(join(tmpdir(), "day-file-"));
    return new DuckDbFile(folder, await (await DuckDBInstance.create()).connect());
  }

  /** Replaces the file's bytes under another name, because DuckDB caches by name and time of change. */
  async replace(bytes: Uint8Array): Promise<void> {
    await rm(this.#path, { force: true });
    this.#path = join(this.#folder, `${++this.#version}.parquet`);
    await writeFile(this.#path, bytes);
  }

  async rows(sql: string): Promise<Record<string, JS>[]> {
    return (await this.#connection.runAndReadAll(sql.replaceAll("$file", `'${this.#path}'`))).getRowObjectsJS();
  }

  /** Lines like those of our own tests' `sampleLines`, in the order of the file, or of the query that replaces it. */
  async sampleLines(from = "read_parquet($file)"): Promise<string[]> {
    // Names as bytes, because DuckDB's JavaScript client drops a byte order mark.
    const rows = await this.rows(
      `SELECT hex(encode(point_name)) AS name, epoch_ms(timestamp) AS time, value FROM ${from}`,
    );
    return rows.map((row) => {
      const { name, time, value } = sampleSchema.parse(row);
      const text = JSON.stringify(Buffer.from(name, "hex").toString("utf8"));
      return `${text} ${time} ${Object.is(value, -0) ? "-0" : value}`;
    });
  }

  async close(): Promise<void> {
    this.#connection.closeSync();
    await rm(this.#folder, { recursive: true });
  }
}
