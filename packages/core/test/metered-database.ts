import { z } from "zod";
import { interceptedDatabase } from "../src/d1/intercepted-database.ts";

const answerSchema = z.object({ meta: z.object({ rows_written: z.int() }) });

/** One transaction: the rows of tables and indexes that it wrote, as D1 counts them (`meta.rows_written`). */
export interface MeteredTransaction {
  readonly rows: number;
  readonly queries: readonly string[];
}

/** A database that reports every committed transaction. `first` returns no `meta`, so it counts as no rows. */
export function meteredDatabase(db: D1Database, tell: (transaction: MeteredTransaction) => void): D1Database {
  return interceptedDatabase(db, async (execute, _, queries) => {
    const answer = await execute();
    const answers: unknown[] = Array.isArray(answer) ? answer : [answer];
    const rows = answers.reduce<number>(
      (sum, one) => sum + (answerSchema.safeParse(one).data?.meta.rows_written ?? 0),
      0,
    );
    tell({ rows, queries });
    return answer;
  });
}
