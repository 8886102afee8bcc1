import fc from "fast-check";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { migratedDatabase } from "../../test/database.ts";
import { pointSamples, type Sample } from "../../test/points.ts";
import { HOUR_MS } from "../domain/hour.ts";
import { upsertSamples } from "./upsert.ts";

const SITES = ["ses_falls_city", "ses_bellevue"];
const siteOf = (pointId: number) => SITES[pointId % 2]!;
const nameOf = (pointId: number) => `ses/${siteOf(pointId)}/8000:33-8033/analogValue/${pointId}`;
const START = 1_760_277_600_000;

const rowSchema = z.strictObject({
  site_name: z.string(),
  point_name: z.string(),
  timestamp: z.int(),
  value: z.number(),
  timestamp_utc: z.string().optional(),
});

let db: D1Database;
beforeAll(async () => {
  db = await migratedDatabase();
  await db.exec("DELETE FROM sample_hours; DELETE FROM points; DELETE FROM sites");
  const site = db.prepare("INSERT INTO sites (id, name) VALUES (?, ?)");
  const point = db.prepare(
    "INSERT INTO points (id, site_id, name, source, configured, tags) VALUES (?, ?, ?, 'catalog', 1, '{}')",
  );
  await db.batch([
    ...SITES.map((name, i) => site.bind(i + 1, name)),
    ...Array.from({ length: 50 }, (_, i) => point.bind(i + 1, ((i + 1) % 2) + 1, nameOf(i + 1))),
  ]);
});
beforeEach(clear);

async function clear(): Promise<void> {
  await db.exec("DELETE FROM sample_hours");
}

async function query(sql: string, ...bound: unknown[]) {
  const result = await db
    .prepare(sql)
    .bind(...bound)
    .all();
  return { rows: z.array(rowSchema).parse(result.results), rowsRead: result.meta.rows_read };
}

/** A sample as timeseries_raw shows it. */
const viewRow = ([id, time, value]: Sample) => ({
  site_name: siteOf(id),
  point_name: nameOf(id),
  timestamp: Math.floor(time / 1_000),
  value,
});

/** The samples as stored, one value a (point, time): the later of two wins. */
function deduped(samples: readonly Sample[]): Sample[] {
  return [...new Map(samples.map((sample) => [`${sample[0]}@${sample[1]}`, sample])).values()];
}

const byKey = (a: { point_name: string; timestamp: number; value: number }, b: typeof a) =>
  a.point_name.localeCompare(b.point_name) || a.timestamp - b.timestamp || a.value - b.value;

// Values of few digits: SQL's own conversion of the text is exact on them.
const sample = fc.tuple(
  fc.integer({ min: 1, max: 4 }),
  fc
    .tuple(fc.constantFrom(0, 1, 2, 30), fc.constantFrom(0, 1, 999, 1_000, 60_055, HOUR_MS - 1))
    .map(([hour, offset]) => START + hour * HOUR_MS + offset),
  fc.integer({ min: -4_000, max: 4_000 }).map((quarters) => quarters / 4),
);
const samples = fc.array(sample, { maxLength: 30, size: "max" });

describe("an empty database", () => {
  test.each(["timeseries_raw", "v_latest_values"])("gives no rows in %s", async (view) => {
    expect((await query(`SELECT * FROM ${view}`)).rows).toEqual([]);
  });
});

describe("timeseries_raw", () => {
  test("has a row for each stored sample, its time in whole seconds", async () => {
    await upsertSamples(db, pointSamples([[1, START + 60_999, 72.5]]));
    expect((await query("SELECT * FROM timeseries_raw")).rows).toEqual([
      {
        site_name: "ses_bellevue",
        point_name: "ses/ses_bellevue/8000:33-8033/analogValue/1",
        timestamp: START / 1_000 + 60,
        value: 72.5,
      },
    ]);
  });

  test("equals the stored samples, all of them and those a WHERE asks for", async () => {
    await fc.assert(
      fc
        .asyncProperty(samples, sample, sample, async (batch, [id, from], [, to]) => {
          await upsertSamples(db, pointSamples(batch));
          const expected = deduped(batch).map(viewRow).toSorted(byKey);
          expect((await query("SELECT * FROM timeseries_raw")).rows.toSorted(byKey)).toEqual(expected);

          const range = [Math.floor(from / 1_000), Math.floor(to / 1_000)].toSorted((a, b) => a - b);
          const { rows } = await query(
            "SELECT * FROM timeseries_raw WHERE site_name = ? AND point_name = ? AND timestamp >= ? AND timestamp < ?",
            siteOf(id),
            nameOf(id),
            ...range,
          );
          const wanted = expected.filter(
            (row) => row.point_name === nameOf(id) && row.timestamp >= range[0]! && row.timestamp < range[1]!,
          );
          expect(rows.toSorted(byKey)).toEqual(wanted);
        })
        .beforeEach(clear),
      { numRuns: 30 },
    );
  });
});

describe("v_latest_values", () => {
  test("equals each point's newest sample; a point without samples is absent", async () => {
    await fc.assert(
      fc
        .asyncProperty(samples, async (batch) => {
          await upsertSamples(db, pointSamples(batch));
          const newest = new Map<number, Sample>();
          for (const one of deduped(batch)) if (one[1] > (newest.get(one[0])?.[1] ?? 0)) newest.set(one[0], one);
          const expected = [...newest.values()].map((one) => {
            const row = viewRow(one);
            const utc = new Date(row.timestamp * 1_000).toISOString().replace(".000Z", "Z");
            return { ...row, timestamp_utc: utc };
          });
          const { rows } = await query("SELECT * FROM v_latest_values");
          expect(rows.toSorted(byKey)).toEqual(expected.toSorted(byKey));
        })
        .beforeEach(clear),
      { numRuns: 30 },
    );
  });
});

describe("cost of one point of 50 that are stored for 48 hours", () => {
  const HOURS = 48;
  beforeEach(async () => {
    const all = Array.from({ length: 50 * HOURS }, (_, i): Sample => [
      1 + (i % 50),
      START + HOUR_MS * Math.floor(i / 50),
      i,
    ]);
    await upsertSamples(db, pointSamples(all));
  });

  test("timeseries_raw steps through its own rows, not the table's 2,400", async () => {
    const { rows, rowsRead } = await query(
      "SELECT * FROM timeseries_raw WHERE site_name = ? AND point_name = ? AND timestamp >= ? AND timestamp < ?",
      siteOf(7),
      nameOf(7),
      START / 1_000 + 3_600,
      START / 1_000 + 4 * 3_600,
    );
    expect(rows.map((row) => row.value)).toEqual([56, 106, 156]);
    expect(rowsRead).toBeGreaterThan(0);
    expect(rowsRead).toBeLessThan(HOURS * 6);
  });

  test("v_latest_values takes one step", async () => {
    const { rows, rowsRead } = await query(
      "SELECT * FROM v_latest_values WHERE site_name = ? AND point_name = ?",
      siteOf(7),
      nameOf(7),
    );
    expect(rows.map((row) => row.value)).toEqual([47 * 50 + 6]);
    expect(rowsRead).toBeGreaterThan(0);
    expect(rowsRead).toBeLessThan(20);
  });
});
