import { writeFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadCsvRooms } from "@building-vitals/ace-simulator/csv-rooms";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { deploy, type Deployment, syncToThePresent } from "./deployment.ts";
import { expectEverySample } from "./every-sample.ts";
import { copySomeRooms, hasRooms, type RoomPoint, RoomsOracle } from "./rooms-oracle.ts";

const DAY_MS = 86_400_000;

const countSchema = z.object({ n: z.number() });
const statusSchema = z.object({
  status: z.string(),
  days_completed: z.int(),
  days_total: z.int(),
  days_failed: z.int(),
  records_processed: z.int(),
});

const dayText = (ms: number) => new Date(ms).toISOString().slice(0, 10);

const title = hasRooms
  ? "nine days of eight real rooms, hot and cold"
  : "SKIPPED, the folder ../shared/data is absent: nine days of eight real rooms, hot and cold";

describe.skipIf(!hasRooms)(title, () => {
  let deployment: Deployment;
  let oracle: RoomsOracle;
  let points: RoomPoint[];
  let folder: string;
  let rooms: string;
  let status: z.infer<typeof statusSchema>;
  /** UTC midnights of the backfilled days. */
  let days: number[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "building-vitals-days-"));
    rooms = await copySomeRooms();
    oracle = await RoomsOracle.open(rooms);
    points = await oracle.points();
    // Yesterday and today are in segments; the days before are in R2.
    deployment = await deploy(loadCsvRooms({ folder: rooms, shiftMs: oracle.shiftMs }), {
      INITIAL_LOOKBACK_HOURS: "60",
      REQUESTS_PER_MINUTE: "6000",
    });
    await syncToThePresent(deployment);
    const { span } = oracle;
    const firstDay = Math.floor(span.first / DAY_MS) * DAY_MS;
    const lastDay = Math.min(Math.floor(span.last / DAY_MS), Math.floor(Date.now() / DAY_MS) - 2) * DAY_MS;
    days = Array.from({ length: (lastDay - firstDay) / DAY_MS + 1 }, (_, i) => firstDay + i * DAY_MS);
    await deployment.post("backfill", "/backfill/start", { start_date: dayText(firstDay), end_date: dayText(lastDay) });
    do {
      await new Promise((resolve) => setTimeout(resolve, 100));
      const response = await fetch(`${deployment.urls.backfill}/backfill/status`);
      status = statusSchema.parse(await response.json());
    } while (status.status === "in_progress");
  }, 300_000);

  afterAll(async () => {
    await deployment?.close();
    await Promise.all([folder, rooms].map((path) => rm(path, { recursive: true, force: true })));
  });

  it("backfills every requested day", async () => {
    expect(status).toMatchObject({ status: "completed", days_failed: 0, days_completed: days.length });
    const [inDays] = await oracle.rows(
      countSchema,
      `SELECT count(*) AS n FROM samples WHERE time < ${days.at(-1)! + DAY_MS}`,
    );
    expect(status.records_processed).toBe(inDays!.n);
  });

  it("DuckDB finds every CSV value in the day files, in order", async () => {
    for (const day of days) {
      const key = `timeseries/${dayText(day).replaceAll("-", "/")}/sutardja_dai.parquet`;
      const bytes = await deployment.workers.readObject(key);
      expect(bytes, key).not.toBeNull();
      const file = join(folder, `${dayText(day)}.parquet`);
      await writeFile(file, bytes!);
      const columns = await oracle.rows(
        z.object({ column_name: z.string(), column_type: z.string() }),
        `SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM '${file}')`,
      );
      expect(columns).toEqual([
        { column_name: "timestamp", column_type: "TIMESTAMP WITH TIME ZONE" },
        { column_name: "point_name", column_type: "VARCHAR" },
        { column_name: "value", column_type: "DOUBLE" },
        { column_name: "site_name", column_type: "VARCHAR" },
      ]);
      const inFile = `SELECT epoch_ms("timestamp") AS time, point_name, value FROM '${file}'`;
      const inCsv = `SELECT time, 'soda/sutardja_dai/' || room || '/' || quantity AS point_name, value FROM samples
        WHERE time >= ${day} AND time < ${day + DAY_MS}`;
      for (const difference of [`(${inFile}) EXCEPT ALL (${inCsv})`, `(${inCsv}) EXCEPT ALL (${inFile})`]) {
        const [rows] = await oracle.rows(countSchema, `SELECT count(*) AS n FROM (${difference})`);
        expect(rows, `${key}: ${difference}`).toEqual({ n: 0 });
      }
      const [unordered] = await oracle.rows(
        countSchema,
        `SELECT count(*) AS n FROM (SELECT point_name, "timestamp" AS t,
           lag(point_name) OVER (ORDER BY file_row_number) AS before, lag("timestamp") OVER (ORDER BY file_row_number) AS earlier
         FROM read_parquet('${file}', file_row_number = true))
         WHERE before > point_name OR (before = point_name AND earlier >= t)`,
      );
      expect(unordered).toEqual({ n: 0 });
    }
    expect(await deployment.workers.listObjects("staging/")).toEqual([]);
  });

  it("answers over hot, cold and their boundary hold every sample once", async () => {
    const compared = await expectEverySample(deployment, oracle, points, (metadata) => {
      expect(metadata).toMatchObject({ partial: false, sources: ["D1", "R2"] });
    });
    expect(compared).toBe(points.reduce((sum, point) => sum + point.n, 0));
  });
});
