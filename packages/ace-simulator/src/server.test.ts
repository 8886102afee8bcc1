import { once } from "node:events";
import { get } from "node:http";
import { createServer } from "node:net";
import { afterEach, expect, test } from "vitest";
import { createBuilding } from "./building.ts";
import { startServer } from "./server.ts";
import { createSimulator, type Simulator } from "./simulator.ts";
import { TEST_KEY } from "./simulator-client.ts";

const NOW = Date.UTC(2025, 9, 12, 15, 0);
const building = createBuilding({ seed: 3, site: "ses_falls_city", timezone: "America/Chicago", points: 120 });
const headers = { authorization: `Bearer ${TEST_KEY}` };
const POINTS = "/api/sites/ses_falls_city/points?per_page=100";

const running: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.close();
});

async function start(simulator: Simulator): Promise<string> {
  const server = await startServer({ simulator, port: 0 });
  running.push(server);
  return server.url;
}

const create = (fault?: "hang" | "reset" | "end") =>
  createSimulator({
    sources: [building],
    apiKey: TEST_KEY,
    now: () => NOW,
    faults: { rules: fault === undefined ? [] : [fault === "hang" ? { fault: "hang" } : { fault: "cut", how: fault }] },
  });

test("the simulator's answers are served over HTTP", async () => {
  const url = await start(create());
  const name = encodeURIComponent(building.points[12]!.name);
  for (const path of [POINTS, `/api/points/${name}/timeseries?start_time=2025-10-12&end_time=2025-10-13`]) {
    const direct = await create().fetch(new Request(url + path, { headers }));
    const served = await fetch(url + path, { headers });
    expect(served.status).toBe(200);
    expect(served.headers.get("content-type")).toBe("application/json");
    expect(await served.text()).toBe(await direct.text());
  }
});

test("fault plans are set and statistics read over HTTP", async () => {
  const url = await start(create());
  const plan = JSON.stringify({ rules: [{ fault: "429", retryAfterSeconds: 7 }] });
  expect((await fetch(`${url}/_simulator/faults`, { method: "POST", body: plan })).status).toBe(200);
  const refused = await fetch(url + POINTS, { headers });
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "7"]);
  const stats = await (await fetch(`${url}/_simulator/stats`)).json();
  expect(stats).toEqual({ requests: { points: 1 }, faults: { "429": 1 } });
  expect((await fetch(`${url}/_simulator/faults`, { method: "DELETE" })).status).toBe(204);
  expect((await fetch(url + POINTS, { headers })).status).toBe(200);
});

test("a body that ends early is complete HTTP, but no JSON", async () => {
  const response = await fetch((await start(create("end"))) + POINTS, { headers });
  const text = await response.text();
  expect(text.length).toBeGreaterThan(1000);
  expect(() => JSON.parse(text)).toThrow(SyntaxError);
});

test("a reset breaks the connection inside the body", async () => {
  const response = await fetch((await start(create("reset"))) + POINTS, { headers });
  expect(response.status).toBe(200);
  await expect(response.text()).rejects.toThrow("terminated");
});

test("a hanging answer ends when the client gives up", async () => {
  const real = create("hang");
  const seen = Promise.withResolvers<AbortSignal>();
  const url = await start({
    fetch: (request) => {
      seen.resolve(request.signal);
      return real.fetch(request);
    },
  });
  const client = new AbortController();
  const answer = fetch(url + POINTS, { headers, signal: client.signal });
  const signal = await seen.promise;
  client.abort();
  await expect(answer).rejects.toThrow("aborted");
  if (!signal.aborted) await once(signal, "abort");
  expect(signal.aborted).toBe(true);
});

test("closing breaks off hanging answers", async () => {
  const url = await start(create("hang"));
  const answer = fetch(url + POINTS, { headers });
  // Caught at once, because an unhandled rejection would end the process.
  const failure = answer.then(
    () => undefined,
    (error: unknown) => error,
  );
  // the server has the request when it has counted it
  for (;;) {
    const stats = await (await fetch(`${url}/_simulator/stats`)).text();
    if (stats.includes("points")) break;
  }
  await running.pop()!.close();
  expect(String(await failure)).toContain("fetch failed");
});

test("a taken port is named in the error", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const address = other.address();
  const port = typeof address === "object" ? address!.port : 0;
  await expect(startServer({ simulator: create(), port })).rejects.toThrow(`port ${port} on 127.0.0.1 is taken`);
  other.close();
});

test.each([
  ["another name", { host: "evil.test" }, 421],
  ["another port", { host: "127.0.0.1:1" }, 421],
  ["a page of another site", { origin: "https://evil.test" }, 421],
  ["localhost", { host: "localhost:PORT" }, 200],
  ["a page of its own", { origin: "http://127.0.0.1:PORT" }, 200],
])("a request of or to %s is answered only if it is local", async (_, given, status) => {
  const url = new URL(await start(create()));
  const own = Object.entries(given).map(([name, value]) => [name, value.replace("PORT", url.port)]);
  const asked = get(`${url.origin}${POINTS}`, { headers: { ...headers, ...Object.fromEntries(own) } });
  const [response] = await once(asked, "response");
  expect(response.statusCode).toBe(status);
  response.destroy();
});
