import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DeployedState } from "./deployed-state.ts";
import { openSampleViews } from "./sample-views.ts";
import { QueryClient } from "./query-client.ts";

const TOKEN = "a-token-of-reads";
const DAY = "2025-10-12";
const START = Date.parse(DAY);
const FILE = `/sites/a%2Fb/days/${DAY}.parquet`;
const NAMES = ["x", "y, z", "w"];

/** A fake query Worker of one site by docs/api.md; a test may replace its answers. */
let answers: Map<string, (request: IncomingMessage, response: ServerResponse) => void>;
let asked: { readonly path: string; readonly search: URLSearchParams; readonly token: string | undefined }[];
let notes: string[];
let server: Server;
let url: string;
let folder: string;

const json = (response: ServerResponse, status: number, body: unknown) =>
  void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
const refuse = (response: ServerResponse, status: number, code: string) =>
  json(response, status, { code, detail: code });
const coverage = (hours: number, cold: object) => (_: IncomingMessage, response: ServerResponse) =>
  json(response, 200, {
    days: [{ date: DAY, hot: { hours }, cold: { state: "missing", reason: null, file: null, ...cold } }],
  });
const settled = coverage(0, { state: "written", file: FILE });

async function listen(handler: (request: IncomingMessage, response: ServerResponse) => void): Promise<Server> {
  const listening = createServer(handler);
  await new Promise<void>((resolve) => void listening.listen(0, "127.0.0.1", resolve));
  return listening;
}
function addressOf(listening: Server): string {
  const address = listening.address();
  if (address === null || typeof address === "string") throw new Error("the server does not listen on a port");
  return `http://127.0.0.1:${address.port}`;
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "day-files-"));
  [asked, notes] = [[], []];
  const point = { unit: null, label: null, tags: { kv: {}, markers: [] }, interval_s: 60, configured: true };
  const points = NAMES.map((name) => ({ ...point, name, first_seen: null, last_seen: `${DAY}T12:00:00.000Z` }));
  const silent = { ...point, name: "never", first_seen: null, last_seen: null };
  answers = new Map([
    ["/sites", (_, response) => json(response, 200, { sites: [{ name: "a/b" }] })],
    ["/sites/a%2Fb/points", (_, response) => json(response, 200, { points: [...points, silent], next_cursor: null })],
    ["/sites/a%2Fb/coverage", coverage(24, {})],
  ]);
  server = await listen((request, response) => {
    const { pathname: path, searchParams: search } = new URL(request.url ?? "", "http://here");
    asked.push({ path, search, token: request.headers.authorization });
    const answer = answers.get(path);
    if (answer === undefined) refuse(response, 404, "not_found");
    else answer(request, response);
  });
  url = addressOf(server);
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

function open(): Promise<DeployedState> {
  const report = { note: (line: string) => void notes.push(line), progress: () => {} };
  const wanted = { url, names: null, range: { from: DAY, to: DAY }, cacheFolder: folder };
  return DeployedState.open(new QueryClient(url, TOKEN, [0, 0]), wanted, report);
}

/** Answers with one sample per minute and point. Refuses a request for more than `limit` samples. */
function answerUpTo(limit: number, partial = false) {
  answers.set("/timeseries/query", (request, response) => {
    const search = new URL(request.url ?? "", "http://here").searchParams;
    const names: string[] = JSON.parse(search.get("point_names") ?? "");
    const [start, end] = [Number(search.get("start_time")), Number(search.get("end_time"))];
    const first = Math.ceil(start / 60_000);
    const timestamps = Array.from({ length: Math.ceil(end / 60_000) - first }, (_, i) => (first + i) * 60_000);
    if (timestamps.length * names.length > limit) return refuse(response, 422, "too_much_data");
    const series = names.map((point_name) => ({ point_name, timestamps, values: timestamps }));
    json(response, 200, { series, metadata: { partial } });
  });
}

test("a request that is too large is split until each sample came once", async () => {
  answerUpTo(500);
  const times = new Map<string, number[]>();
  for await (const samples of (await open()).hotSamples()) {
    times.set(samples.point, [...(times.get(samples.point) ?? []), ...samples.times]);
  }
  const day = Array.from({ length: 1440 }, (_, i) => START + i * 60_000);
  expect(times).toEqual(new Map(NAMES.map((name) => [name, day])));
  expect(notes).toEqual(["Days with hot samples: 1; the query Worker gave 4320 samples of them."]);
  expect(new Set(asked.map(({ token }) => token))).toEqual(new Set([`Bearer ${TOKEN}`]));
});

test("a partial answer and a suspect day are reported", async () => {
  answers.set("/sites/a%2Fb/coverage", coverage(3, { state: "suspect", reason: "another size" }));
  answerUpTo(1440, true);
  const deployment = await open();
  let series = 0;
  for await (const _ of deployment.hotSamples()) series++;
  expect([series, await deployment.dayFiles()]).toEqual([NAMES.length, []]);
  expect(notes).toEqual([
    `a/b ${DAY}: the answer is partial. Archived samples of this day could not be read.`,
    "Days with hot samples: 1; the query Worker gave 4320 samples of them.",
    `a/b ${DAY}: its day file is suspect (another size). Its settled samples are left out.`,
    "Day files: 0, 0 of them fetched now (0.0 MB).",
  ]);
});

test("invalid SQL is refused before any sample is requested", async () => {
  await expect(openSampleViews(await open(), "SELECT nothing FROM hours")).rejects.toThrow('"nothing" not found');
  expect(asked.map(({ path }) => path)).not.toContain("/timeseries/query");
});

test("a busy Worker is asked again, and one that stays busy ends the command", async () => {
  let busy = 2;
  const sites = answers.get("/sites")!;
  answers.set("/sites", (request, response) => {
    if (busy-- > 0) refuse(response, 503, "busy");
    else sites(request, response);
  });
  await open();
  busy = 3;
  await expect(open()).rejects.toThrow("busy");
});

test("a day file is cached by its ETag, and replaced by the next one", async () => {
  answers.set("/sites/a%2Fb/coverage", settled);
  let [etag, cutOff] = ["one", 1];
  answers.set(FILE, (request, response) => {
    if (request.headers["if-none-match"] === `"${etag}"`) return void response.writeHead(304).end();
    const body = `PAR1 ${etag}`;
    response.writeHead(200, { etag: `"${etag}"`, "content-length": body.length });
    if (cutOff-- > 0) response.write("PAR1", () => response.destroy());
    else response.end(body);
  });
  const read = async () => {
    const [path = ""] = await (await open()).dayFiles();
    const kept = await readdir(folder, { recursive: true });
    return [await readFile(path, "utf8"), kept.filter((name) => name.includes(DAY)).length, notes.pop()];
  };
  expect(await read()).toEqual(["PAR1 one", 1, "Day files: 1, 1 of them fetched now (0.0 MB)."]);
  expect(await read()).toEqual(["PAR1 one", 1, "Day files: 1, 0 of them fetched now (0.0 MB)."]);
  [etag, cutOff] = ["two", 0];
  expect(await read()).toEqual(["PAR1 two", 1, "Day files: 1, 1 of them fetched now (0.0 MB)."]);
  answers.set(FILE, (_, response) => refuse(response, 409, "suspect_day"));
  expect(await (await open()).dayFiles()).toEqual([]);
  expect(notes[0]).toBe(
    `a/b ${DAY}: its day file was damaged or deleted during this run. Its settled samples are left out.`,
  );
});

test("a redirect is refused, and its target never sees the token", async () => {
  const seen: unknown[] = [];
  const other = await listen((request, response) => {
    seen.push(request.headers);
    response.end("{}");
  });
  answers.set("/sites", (_, response) => void response.writeHead(302, { location: addressOf(other) }).end());
  await expect(open()).rejects.toThrow("It redirects; the token is not sent to another address.");
  other.close();
  expect(seen).toEqual([]);
});
