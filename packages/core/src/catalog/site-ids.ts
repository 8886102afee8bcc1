import { z } from "zod";
import { withD1Retry } from "../d1/retry.ts";

const idsSchema = z.array(z.object({ id: z.int(), name: z.string() }));

/** The ids of these sites by name; one that D1 does not know is absent. */
export async function readSiteIds(db: D1Database, names: readonly string[]): Promise<Map<string, number>> {
  const statement = db
    .prepare("SELECT id, name FROM sites WHERE name IN (SELECT value FROM json_each(?1))")
    .bind(JSON.stringify(names));
  const { results } = await withD1Retry(() => statement.all());
  return new Map(idsSchema.parse(results).map(({ id, name }) => [name, id]));
}

const ADD = "INSERT INTO sites (name) SELECT value FROM json_each(?1) WHERE true ON CONFLICT (name) DO NOTHING";

/** Makes the sites that are new. Safe to repeat. */
export async function addSites(db: D1Database, names: readonly string[]): Promise<void> {
  await withD1Retry(() => db.prepare(ADD).bind(JSON.stringify(names)).run());
}
