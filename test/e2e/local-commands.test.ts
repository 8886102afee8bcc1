import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { freePorts } from "./free-ports.ts";
import { LocalProcess } from "./local-process.ts";

const pointsSchema = z.object({ points: z.array(z.object({ name: z.string(), timestamp: z.number() })) });

/** The points that have a latest sample, and its time. */
async function latest(queryPort: string): Promise<Map<string, number>> {
  const response = await fetch(`http://127.0.0.1:${queryPort}/sites/ses_falls_city/latest`);
  const { points } = pointsSchema.parse(await response.json());
  return new Map(points.map(({ name, timestamp }) => [name, timestamp]));
}

describe("the local commands", () => {
  let environment: Record<string, string>;
  let running: LocalProcess[];

  const launch = (script: "start.ts" | "dev.ts", more: Record<string, string> = {}): LocalProcess => {
    const child = new LocalProcess(script, { ...environment, ...more });
    running.push(child);
    return child;
  };

  beforeEach(async () => {
    running = [];
    const [etl, backfill, query, simulator] = (await freePorts(4)).map(String);
    environment = {
      STATE_DIR: await mkdtemp(join(tmpdir(), "building-vitals-")),
      ETL_PORT: etl!,
      BACKFILL_PORT: backfill!,
      QUERY_PORT: query!,
      SIMULATOR_PORT: simulator!,
      SIMULATOR_POINTS: "40",
      INITIAL_LOOKBACK_HOURS: "2",
    };
  });

  afterEach(async () => {
    await Promise.all(running.map((child) => child.interrupt()));
    await rm(environment["STATE_DIR"]!, { recursive: true, force: true });
  });

  it("npm start answers a query, stops at Ctrl-C, and keeps its data", async () => {
    const first = launch("start.ts");
    await first.printed("ready.");
    expect(first.output).toMatch(/first sync [\d,]+ new samples/);
    expect(first.output).toContain("backfill   3 of 3 past days are in R2");
    expect(first.output).toMatch(/^gaps {7}\d+ open$/m);
    expect(first.output).toMatch(/a first chart of .+: \d+ samples/);
    await first.printed(`http://127.0.0.1:${environment["QUERY_PORT"]}`);
    const before = await latest(environment["QUERY_PORT"]!);
    expect(before.size).toBeGreaterThan(38);
    expect(await first.interrupt()).toBe(0);

    const second = launch("start.ts");
    await second.printed("ready.");
    expect(second.output).toContain("its schema is up to date");
    const added = Number(/first sync ([\d,]+) new/.exec(second.output)?.[1]?.replaceAll(",", ""));
    expect(added).toBeLessThan(700);
    const after = await latest(environment["QUERY_PORT"]!);
    for (const [name, timestamp] of before) expect(after.get(name), name).toBeGreaterThanOrEqual(timestamp);
  });

  it("npm run dev starts only the Workers, and locks its state folder", async () => {
    const dev = launch("dev.ts");
    await dev.printed("ready");
    for (const setting of ["ETL_PORT", "BACKFILL_PORT", "QUERY_PORT"]) {
      const response = await fetch(`http://127.0.0.1:${environment[setting]}/health`);
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({ status: "ok" });
    }
    expect(await latest(environment["QUERY_PORT"]!)).toEqual(new Map());

    const [etl, backfill, query, simulator] = (await freePorts(4)).map(String);
    const ports = { ETL_PORT: etl!, BACKFILL_PORT: backfill!, QUERY_PORT: query!, SIMULATOR_PORT: simulator! };
    const second = launch("dev.ts", ports);
    expect(await second.ended()).toBe(1);
    expect(second.output.trim()).toBe(
      `${environment["STATE_DIR"]} is in use by another start: stop that, or set STATE_DIR to another folder.`,
    );
  });

  it("reads a deployment's settings from the environment", async () => {
    const dev = launch("dev.ts", { PAGE_SIZE: "12345" });
    expect(await dev.ended()).toBe(1);
    expect(dev.output).toContain("PAGE_SIZE: must be one of 3, 10");
  });

  it("names the taken port and the setting that changes it", async () => {
    const server = createServer().listen(Number(environment["QUERY_PORT"]), "127.0.0.1");
    const start = launch("start.ts");
    expect(await start.ended()).toBe(1);
    expect(start.output.trim()).toBe(
      `Port ${environment["QUERY_PORT"]} is taken: stop what listens there, or set QUERY_PORT to another port.`,
    );
    server.close();
  });

  it.each([
    [{ SITES: "nonsense" }, "SITES: must be a JSON array"],
    [{ ETL_PORT: "eighty" }, "ETL_PORT: must be a whole number from 1 to 65535"],
    [{ ACE_API_BASE_URL: "http://127.0.0.1:1/api" }, "ACE_API_KEY is not set"],
  ])("refuses %o with a clear error", async (wrong, message) => {
    const start = launch("start.ts", wrong);
    expect(await start.ended()).toBe(1);
    expect(start.output).toContain(message);
    expect(start.output).not.toContain("    at ");
  });
});
