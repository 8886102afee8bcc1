import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, request, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { z } from "zod";
import { freePorts } from "./free-ports.ts";
import { isRunning, LocalProcess } from "./local-process.ts";

// At noon, so that the sync's hour contains no part of a finished day, whose quality would be shown.
const DAY_S = 86_400;
const OFFSET_S = -3 * DAY_S + DAY_S / 2 - Math.floor((Date.now() / 1000) % DAY_S);
const statusSchema = z.object({
  now: z.iso.datetime(),
  sites: z.tuple([z.object({ watermark: z.iso.datetime().nullable() })]),
});
const alertSchema = z.object({ kind: z.string(), site: z.string().nullable(), state: z.string(), text: z.string() });

let environment: Record<string, string>;
let urls: Record<"etl" | "backfill" | "query" | "simulator", string>;
let webhook: Server;
const posted: z.infer<typeof alertSchema>[] = [];
let dev: LocalProcess;

beforeAll(async () => {
  webhook = createServer((incoming, outgoing) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(Buffer.from(chunk));
      posted.push(alertSchema.parse(JSON.parse(Buffer.concat(chunks).toString())));
      outgoing.end("ok");
    })();
  });
  const [etl, backfill, query, simulator, hook] = await freePorts(5);
  webhook.listen(hook, "127.0.0.1");
  await once(webhook, "listening");
  const at = (port: number | undefined) => `http://127.0.0.1:${port}`;
  urls = { etl: at(etl), backfill: at(backfill), query: at(query), simulator: at(simulator) };
  environment = {
    STATE_DIR: await mkdtemp(join(tmpdir(), "building-vitals-")),
    ETL_PORT: String(etl),
    BACKFILL_PORT: String(backfill),
    QUERY_PORT: String(query),
    SIMULATOR_PORT: String(simulator),
    SIMULATOR_POINTS: "12",
    INITIAL_LOOKBACK_HOURS: "1",
    ALERT_ERROR_PERCENT: "0",
    ALERT_WEBHOOK_URL: `${at(hook)}/hook`,
    CLOCK_OFFSET_SECONDS: String(OFFSET_S),
  };
  dev = new LocalProcess("dev.ts", environment);
  await dev.printed("ready");
});
afterAll(async () => {
  await dev?.interrupt();
  webhook.close();
  await rm(environment["STATE_DIR"]!, { recursive: true, force: true });
});

async function cron(
  text: string,
  worker: "etl" | "backfill" | "query" = "etl",
): Promise<[status: number, text: string]> {
  const response = await fetch(`${urls[worker]}/cdn-cgi/handler/scheduled?cron=${text}`);
  return [response.status, await response.text()];
}

async function statusOf(url: string, headers: Record<string, string>, method = "GET"): Promise<number | undefined> {
  const asked = request(url, { method, headers }).end();
  const [response] = await once(asked, "response");
  response.resume();
  return response.statusCode;
}

test("crons run by expression and by name; an alert reaches the webhook", async () => {
  expect(await cron("*/5+*+*+*+*")).toEqual([200, "ok\n"]);
  const { now, sites } = statusSchema.parse(await (await fetch(`${urls.etl}/status`)).json());
  const expected = Date.now() + OFFSET_S * 1000;
  expect(Math.abs(Date.parse(now) - expected)).toBeLessThan(60_000);
  // The simulator's clock is shifted too: it has samples up to that time, and the sync requests none after it.
  expect(Math.abs(Date.parse(sites[0].watermark!) - expected)).toBeLessThan(120_000);
  expect(await cron("hourly")).toEqual([200, "ok\n"]);
  expect(await cron("daily")).toEqual([200, "ok\n"]);
  expect(posted).toEqual([]);

  const rules = [{ fault: "bad_values" }];
  await fetch(`${urls.simulator}/_simulator/faults`, { method: "POST", body: JSON.stringify({ rules }) });
  expect(await cron("sync")).toEqual([200, "ok\n"]);
  expect(posted).toMatchObject([{ kind: "error_rate", site: "ses_falls_city", state: "firing" }]);
});

test.each([
  ["etl", "nonsense"],
  ["etl", ""],
  ["backfill", "sync"],
  ["query", "*/5+*+*+*+*"],
] as const)("the unknown cron of %s %j is an error in the answer", async (worker, text) => {
  const [status, answer] = await cron(text, worker);
  expect(status).toBe(400);
  expect(JSON.parse(answer)).toMatchObject({ code: "invalid_request", field: "cron" });
});

test("only loopback names with a Worker's port are answered", async () => {
  for (const worker of ["etl", "backfill", "query"] as const) {
    const { port } = new URL(urls[worker]);
    for (const host of ["evil.test", `evil.test:${port}`, "127.0.0.1:1", "localhost"]) {
      expect(await statusOf(`${urls[worker]}/health`, { host }), host).toBe(421);
    }
    expect(await statusOf(`${urls[worker]}/health`, { host: `localhost:${port}` })).toBe(200);
  }
  expect(await statusOf(`${urls.query}/etl/status`, {})).toBe(200);
  const foreign = { "sec-fetch-site": "cross-site" };
  expect(await statusOf(`${urls.etl}/cdn-cgi/handler/scheduled?cron=sync`, foreign)).toBe(403);
});

test("SIGKILL ends workerd too: the next start gets its folder and ports", async () => {
  const pids = await dev.workerds();
  expect(pids).toHaveLength(1);
  await dev.kill();
  const next = new LocalProcess("dev.ts", environment);
  await vi.waitFor(async () => expect(await Promise.all(pids.map(isRunning))).toEqual([false]), { timeout: 5_000 });
  dev = next;
  await dev.printed("ready");
});
