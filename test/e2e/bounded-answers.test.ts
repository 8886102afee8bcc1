import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { compatibilityOf } from "@building-vitals/local/compatibility";
import { bundleWorker } from "@building-vitals/local/worker-bundle";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { freePorts } from "./free-ports.ts";

const MAIN = fileURLToPath(new URL("../../workers/query/test/bounded-worker.ts", import.meta.url));
const HOST = "127.0.0.1";
/** Pieces of 64 KiB: more than both sockets buffer. */
const LONG = 1_000;

let miniflare: Miniflare;
let port: number;

beforeAll(async () => {
  [port = 0] = await freePorts(1);
  const worker = {
    name: "bounded",
    ...compatibilityOf("query"),
    modules: [{ type: "ESModule" as const, path: "bounded.js", contents: await bundleWorker(MAIN) }],
    unsafeDirectSockets: [{ host: HOST, port }],
  };
  const shared = { cf: false, telemetry: { enabled: false }, log: new Log(LogLevel.NONE) };
  const silent = { handleStructuredLogs: () => {} };
  miniflare = new Miniflare(
    convertV4MiniflareOptions({ workers: [worker], host: HOST, port: 0, ...shared, ...silent }),
  );
  await miniflare.ready;
});
afterAll(() => miniflare.dispose());

const url = (path: string) => `http://${HOST}:${port}${path}`;
const stateSchema = z.object({ held: z.int(), waiting: z.int(), steps: z.int(), open: z.int() });

async function state() {
  return stateSchema.parse(await (await fetch(url("/state"))).json());
}

/** Sends a request and reads no byte of the answer. Resolves once the answer holds a share or has begun. */
async function askWithoutReading(path: string): Promise<Socket> {
  const socket = connect(port, HOST);
  // The server resets a connection that it cuts off.
  socket.on("error", () => {});
  socket.pause();
  socket.write(`GET ${path} HTTP/1.1\r\nhost: ${HOST}\r\n\r\n`);
  const begun = async () => Object.values({ ...(await state()), steps: 0 }).reduce((sum, count) => sum + count, 0);
  await expect.poll(begun).toBeGreaterThan(0);
  return socket;
}

const idle = { held: 0, waiting: 0 };

test("concurrent requests wait for each other and are all answered", async () => {
  const answers = Array.from({ length: 8 }, () => fetch(url("/answer?values=50&steps=1&pieces=3")));
  const bodies = await Promise.all(answers.map(async (answer) => (await answer).arrayBuffer()));
  expect(bodies.map(({ byteLength }) => byteLength)).toEqual(Array(8).fill(3 * 65_536));
  expect(await state()).toMatchObject(idle);
});

test("a request without a share in time gets 503 busy", async () => {
  const running = fetch(url("/answer?values=100&steps=250"));
  const refused = await fetch(url("/answer?values=60"));
  expect(refused.status).toBe(503);
  expect(refused.headers.get("retry-after")).toBe("5");
  expect(await refused.json()).toMatchObject({ code: "busy" });
  expect((await running).status).toBe(200);
  await (await running).arrayBuffer();
  expect(await state()).toMatchObject(idle);
});

test("a small request passes a large one", async () => {
  const running = fetch(url("/answer?values=100&steps=60"));
  await (await fetch(url("/answer?values=10"))).arrayBuffer();
  expect(await state()).toMatchObject({ held: 100 });
  await (await running).arrayBuffer();
});

test.each([
  ["fails while it is read", "/answer?values=100&fail=1", "GET"],
  ["fails while it is sent", "/answer?values=100&pieces=2&fail=2", "GET"],
  ["is asked for by HEAD", "/answer?values=100&pieces=2", "HEAD"],
])("an answer that %s gives its share back", async (_, path, method) => {
  await fetch(url(path), { method })
    .then((answer) => answer.arrayBuffer())
    .catch(() => {});
  expect(await state()).toMatchObject(idle);
});

test.each([
  ["an answer with a share", "/answer?values=100"],
  ["a file of known length", "/file?"],
])("a stalled reader of %s is cut off, and the source closed", async (_, path) => {
  const socket = await askWithoutReading(`${path}&pieces=${LONG}`);
  expect(await state()).toMatchObject({ held: path === "/file?" ? 0 : 100, open: 1 });
  await expect.poll(async () => state(), { timeout: 5_000 }).toMatchObject({ held: 0, open: 0 });
  let bytes = 0;
  socket.on("data", (data: Buffer) => (bytes += data.length));
  socket.resume();
  await once(socket, "close");
  expect(bytes).toBeLessThan(LONG * 65_536);
});

test("a file of known length keeps its content-length", async () => {
  const answer = await fetch(url("/file?pieces=3"));
  expect(answer.headers.get("content-length")).toBe(String(3 * 65_536));
  expect(answer.headers.get("transfer-encoding")).toBeNull();
  expect((await answer.arrayBuffer()).byteLength).toBe(3 * 65_536);
  expect(await state()).toMatchObject({ open: 0 });
});

test("a client that leaves during reading stops it and frees its share", async () => {
  const socket = await askWithoutReading("/answer?values=100&steps=1000");
  socket.resetAndDestroy();
  await expect.poll(async () => (await state()).held, { timeout: 2_000 }).toBe(0);
  const { steps } = await state();
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect((await state()).steps).toBe(steps);
});

test("a client that leaves during sending frees its share", async () => {
  const socket = await askWithoutReading(`/answer?values=100&pieces=${LONG}`);
  socket.resetAndDestroy();
  // Less time than until a stalled reader is cut off.
  await expect.poll(async () => (await state()).held, { timeout: 300 }).toBe(0);
});

test("a waiting client that leaves frees its place in the queue", async () => {
  const running = fetch(url("/answer?values=100&steps=60"));
  await expect.poll(async () => (await state()).held).toBe(100);
  const socket = connect(port, HOST);
  socket.write(`GET /answer?values=100 HTTP/1.1\r\nhost: ${HOST}\r\n\r\n`);
  await expect.poll(async () => (await state()).waiting).toBe(1);
  socket.resetAndDestroy();
  await expect.poll(async () => (await state()).waiting).toBe(0);
  await (await running).arrayBuffer();
  expect(await state()).toMatchObject(idle);
});
