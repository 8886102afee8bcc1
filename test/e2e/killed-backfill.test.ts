import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createBuilding } from "@building-vitals/ace-simulator/building";
import { BackfillClient, type BackfillStatus } from "@building-vitals/local/backfill-client";
import { startWorkers } from "@building-vitals/local/workers";
import { afterEach, describe, expect, it } from "vitest";
import { deploy } from "./deployment.ts";
import { freePorts } from "./free-ports.ts";
import { LocalProcess } from "./local-process.ts";

const DAY_MS = 86_400_000;
const SITE = "ses_falls_city";
const POINTS = 30;
/** Time to build the local commands. */
const SOURCE = createBuilding({ seed: 1, site: SITE, timezone: "America/Chicago", points: POINTS });

const dayBefore = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString().slice(0, 10);
const RANGE = { start_date: dayBefore(5), end_date: dayBefore(2) };
const DAYS = 4;

/** The bytes of a bucket's objects, by key. */
async function objectsOf(workers: {
  listObjects(prefix: string): Promise<string[]>;
  readObject(key: string): Promise<Uint8Array | null>;
}): Promise<Map<string, string>> {
  const keys = await workers.listObjects("");
  const bytes = await Promise.all(keys.map((key) => workers.readObject(key)));
  return new Map(keys.map((key, i) => [key, Buffer.from(bytes[i] ?? []).toString("base64")]));
}

/** Waits until `days` days are complete or the backfill has ended. */
async function until(client: BackfillClient, days = Number.POSITIVE_INFINITY): Promise<BackfillStatus> {
  for (;;) {
    const status = await client.status();
    if (status.status !== "in_progress" || status.days_completed >= days) return status;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe.skipIf(process.platform !== "linux")("a backfill whose workerd is killed", () => {
  const running: LocalProcess[] = [];
  let stateDir = "";
  afterEach(async () => {
    await Promise.all(running.map((child) => child.interrupt()));
    await rm(stateDir, { recursive: true, force: true });
  });

  it("resumes at the next start, with the result of an undisturbed run", async () => {
    stateDir = await mkdtemp(join(tmpdir(), "building-vitals-"));
    const [etl, backfill, query, simulator] = await freePorts(4);
    const environment = {
      STATE_DIR: stateDir,
      ETL_PORT: String(etl),
      BACKFILL_PORT: String(backfill),
      QUERY_PORT: String(query),
      SIMULATOR_PORT: String(simulator),
      ADMIN_TOKEN: "test-admin",
      SIMULATOR_POINTS: String(POINTS),
      // A day of 24 requests takes five seconds, so two days cannot end between two polls.
      REQUESTS_PER_MINUTE: "300",
    };
    const client = new BackfillClient(`http://127.0.0.1:${backfill}`, "test-admin");
    const launch = async () => {
      const child = new LocalProcess("dev.ts", environment);
      running.push(child);
      await child.printed("ready");
      return child;
    };

    let child = await launch();
    const { backfill_id: id } = await client.start(RANGE);
    for (const done of [1, 2]) {
      const before = await until(client, done);
      expect(before.status).toBe("in_progress");
      await child.killWorkerd();
      await child.interrupt();
      child = await launch();
      expect(child.output).toContain("1 of an earlier run continue");
    }
    const ended = await until(client);
    expect(ended).toMatchObject({ status: "completed", backfill_id: id, days_completed: DAYS, days_failed: 0 });
    await child.interrupt();

    const ports = { etl: etl!, backfill: backfill!, query: query! };
    const left = await startWorkers({ stateDir, ports, settings: { ADMIN_TOKEN: "test-admin", ACE_API_KEY: "none" } });
    // The supervisor finds no work.
    const cron = left.crons.find(({ worker }) => worker === "backfill");
    expect(cron).toBeDefined();
    await left.runCron(cron!);
    const killed = await objectsOf(left);
    await left.close();

    const deployment = await deploy(SOURCE, { REQUESTS_PER_MINUTE: "60000" });
    await deployment.post("backfill", "/backfill/start", RANGE);
    const whole = await until(new BackfillClient(deployment.urls.backfill, "test-admin"));
    const unkilled = await objectsOf(deployment.workers);
    await deployment.close();

    expect(whole).toMatchObject({ status: "completed", days_completed: DAYS });
    expect(ended.records_processed).toBe(whole.records_processed);
    // The same files byte for byte, and no other objects.
    expect([...killed.keys()]).toEqual([...unkilled.keys()]);
    expect(killed.size).toBe(DAYS);
    for (const [key, bytes] of killed) expect(bytes === unkilled.get(key), key).toBe(true);
    // The system starts five times.
  }, 300_000);
});
