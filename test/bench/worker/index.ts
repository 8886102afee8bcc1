import { PageDecoder } from "@building-vitals/core/ace/page";
import type { BenchSize } from "../size.ts";
import { type ColdBenchEnv, mergeSpills, settleDay, spillDay, storeDay } from "./cold-day.ts";
import { findPage, storeFoundPoints } from "./finding.ts";
import { mergeMonthPart, planMonth, putMonth, writeMonthDay } from "./month-file.ts";
import { INTEGER_ROWS, type Layout, SEGMENTS, TEXT_ROWS } from "./layouts.ts";
import { benchPage, benchSamples } from "./samples.ts";

/** A database per layout, to compare their sizes. */
interface BenchEnv extends ColdBenchEnv {
  readonly SEGMENTS: D1Database;
  readonly INTEGERS: D1Database;
  readonly TEXTS: D1Database;
}

const DAY_MS = 86_400_000;
/** Start of an hour. */
const ORIGIN = Date.UTC(2025, 9, 12);
const LOOKBACK_MINUTES = 10;
const SYNC_MINUTES = 5;

let page: string | undefined;

/** The statements of a database since the last `reset`. */
class Meter {
  statements = 0;
  rowsWritten = 0;
  /** size of the database after the last statement */
  bytes = 0;

  reset(): void {
    this.statements = 0;
    this.rowsWritten = 0;
  }

  /** The same database with its batches counted; every layout writes by batches. */
  attach(db: D1Database): D1Database {
    const batch = async <T>(statements: D1PreparedStatement[]): Promise<D1Result<T>[]> => {
      const results = await db.batch<T>(statements);
      for (const { meta } of results) {
        this.statements++;
        this.rowsWritten += meta.rows_written;
        this.bytes = meta.size_after;
      }
      return results;
    };
    return new Proxy(db, {
      get: (target, key) => (key === "batch" ? batch : target.prepare.bind(target)),
    });
  }
}

/** Points of a site; without them no hour is known to be hot. */
async function addPoints(db: D1Database, points: number): Promise<void> {
  const ids = JSON.stringify(Array.from({ length: points }, (_, i) => i + 1));
  await db.batch([
    db.prepare("INSERT OR IGNORE INTO sites (id, name) VALUES (1, 'ses_falls_city')"),
    db
      .prepare(
        `INSERT OR IGNORE INTO points (id, site_id, name, source, configured, tags)
         SELECT value, 1, 'point ' || value, 'catalog', 1, '{"kv":{},"markers":[]}' FROM json_each(?1)`,
      )
      .bind(ids),
  ]);
}

async function writeSyncs(db: D1Database, layout: Layout, points: number) {
  const meter = new Meter();
  const metered = meter.attach(db);
  for (const sql of layout.schema) await db.prepare(sql).run();
  if (layout === SEGMENTS) await addPoints(db, points);
  const empty = (await db.prepare("SELECT 1").run()).meta.size_after;
  await layout.write(metered, benchSamples(points, ORIGIN, [0, 20]));
  const milliseconds: number[] = [];
  const againMilliseconds: number[] = [];
  const rowsWritten: number[] = [];
  const statements: number[] = [];
  for (let minute = 20; minute < 60; minute += SYNC_MINUTES) {
    const samples = benchSamples(points, ORIGIN, [minute - LOOKBACK_MINUTES, minute + SYNC_MINUTES]);
    meter.reset();
    milliseconds.push(await timed(() => layout.write(metered, samples)));
    rowsWritten.push(meter.rowsWritten);
    statements.push(meter.statements);
    meter.reset();
    againMilliseconds.push(await timed(() => layout.write(metered, samples)));
    if (meter.rowsWritten !== 0)
      throw new Error(`${layout.name}: storing the same samples again wrote ${meter.rowsWritten} rows`);
  }
  const bytesPerSample = (meter.bytes - empty) / (points * 60);
  return { milliseconds, againMilliseconds, rowsWritten, statements, bytesPerSample };
}

async function timed(work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

async function fillHistory(db: D1Database, layout: Layout, stored: BenchSize["stored"]): Promise<void> {
  const tables = layout === SEGMENTS ? ["segments", "hot_hours", "block_latest"] : ["samples"];
  for (const table of tables) await db.prepare(`DELETE FROM ${table}`).run();
  if (layout === SEGMENTS) await addPoints(db, stored.points);
  for (let day = 0; day < stored.days; day++) {
    await layout.write(db, benchSamples(stored.points, ORIGIN + day * DAY_MS, [0, 1440]));
  }
}

async function readHistory(db: D1Database, layout: Layout, points: number, days: number, end: number) {
  const ids = Array.from({ length: points }, (_, i) => 1 + i * 3);
  const range = { start: end - days * DAY_MS, end };
  const milliseconds: number[] = [];
  for (let run = 0; run < 9; run++) {
    let samples = 0;
    const read = async () => {
      samples = await layout.read(db, ids, range);
    };
    milliseconds.push(await timed(read));
    if (samples !== points * days * 1440)
      throw new Error(`${layout.name}: a read returned ${samples} samples, expected ${points * days * 1440}`);
  }
  return milliseconds;
}

/**
 * One measurement per request. The caller measures the decoder's time, because a Worker's clock stands still while it
 * computes.
 */
export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    const [layout, db] = {
      segments: [SEGMENTS, env.SEGMENTS] as const,
      integers: [INTEGER_ROWS, env.INTEGERS] as const,
      texts: [TEXT_ROWS, env.TEXTS] as const,
    }[url.searchParams.get("layout") ?? "segments"] ?? [SEGMENTS, env.SEGMENTS];
    const number = (name: string) => Number(url.searchParams.get(name));
    switch (url.pathname) {
      case "/page":
        page = benchPage(env.SIZE.pageRows);
        return Response.json({ rows: env.SIZE.pageRows, bytes: page.length });
      case "/decode": {
        let samples = 0;
        for (let run = 0; run < number("runs"); run++) {
          const decoder = new PageDecoder(ORIGIN + DAY_MS, "/bench");
          decoder.write(page ?? "");
          samples += decoder.end().samples.length;
        }
        return Response.json({ samples });
      }
      case "/parse": {
        let keys = 0;
        for (let run = 0; run < number("runs"); run++) keys += Object.keys(JSON.parse(page ?? "")).length;
        return Response.json({ keys });
      }
      case "/write":
        return Response.json(await writeSyncs(db, layout, env.SIZE.points));
      case "/find/store":
        return Response.json(await storeFoundPoints(env));
      case "/find/page": {
        const text = (name: string) => url.searchParams.get(name) ?? undefined;
        const query = { search: text("search"), filter: text("filter") };
        return Response.json(await findPage(env, text("how") ?? "index", query, number("runs")));
      }
      case "/cold/spill":
        return Response.json(await spillDay(env));
      case "/cold/idle":
        return Response.json({});
      case "/cold/merge":
        return Response.json(await mergeSpills(env));
      case "/cold/store":
        return Response.json(await storeDay(env));
      case "/cold/settle":
        return Response.json(await settleDay(env));
      case "/month/day":
        return Response.json(await writeMonthDay(env, number("day")));
      case "/month/plan":
        return Response.json(await planMonth(env));
      case "/month/part": {
        const ends = [url.searchParams.get("from"), url.searchParams.get("to")] as const;
        return Response.json(await mergeMonthPart(env, number("number"), ...ends));
      }
      case "/month/put":
        return Response.json(await putMonth(env));
      case "/fill":
        await fillHistory(db, layout, env.SIZE.stored);
        return Response.json({});
      case "/read":
        return Response.json(
          await readHistory(db, layout, number("points"), number("days"), ORIGIN + env.SIZE.stored.days * DAY_MS),
        );
      default:
        return new Response(null, { status: 404 });
    }
  },
} satisfies ExportedHandler<BenchEnv>;
