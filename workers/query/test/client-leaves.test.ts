import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, expect, test } from "vitest";
import worker from "../src/index.ts";
import { settle } from "./settle-days.ts";
import { aroundRequests } from "./buckets.ts";
import { DAY, MINUTE } from "./naive.ts";
import { BINDINGS, migrate, point, type Sample, SITE, storePoints, timeseriesPath } from "./service.ts";

const FIRST = Date.UTC(2025, 9, 12) / DAY;
const DAYS = 20;
const NAME = "ses/ses_falls_city/8000:33-8033/analogValue/1";

beforeAll(async () => {
  await migrate();
  const [id = 0] = await storePoints(SITE, [point(NAME)]);
  for (let day = FIRST; day < FIRST + DAYS; day++) {
    const samples = Array.from({ length: 24 }, (_, i): Sample => [id, day * DAY + 60 * i * MINUTE, i]);
    await settle(samples, new Map([[id, NAME]]));
  }
});

test("R2 reads stop after the client disconnects", async () => {
  const client = new AbortController();
  let requests = 0;
  const bucket = aroundRequests(env.TIMESERIES, async (request) => {
    if (++requests === 2) client.abort();
    await scheduler.wait(1);
    return request();
  });
  const path = timeseriesPath({
    site_name: SITE,
    point_names: NAME,
    start_time: FIRST * DAY,
    end_time: (FIRST + DAYS) * DAY,
    interval: "raw",
  });
  const request = new Request<unknown, IncomingRequestCfProperties>(`https://query.test${path}`, {
    signal: client.signal,
  });
  await worker.fetch(request, { ...BINDINGS, TIMESERIES: bucket }, createExecutionContext());
  await scheduler.wait(50);
  expect(requests).toBeGreaterThanOrEqual(2);
  // up to six requests were in flight
  expect(requests).toBeLessThan(7);
});
