import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { afterEach, expect, test, vi } from "vitest";
import { Problem, type ProblemCode, PROBLEMS } from "../domain/problem.ts";
import { onError, onNotFound, problemResponse } from "./problem-response.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

async function answerTo(error: Error): Promise<{ response: Response; logged: string }> {
  const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const app = new Hono();
  app.onError(onError);
  app.get("/some/path", () => {
    throw error;
  });
  return { response: await app.request("/some/path?token=secret"), logged: log.mock.calls.flat().join() };
}

const isCode = (code: string): code is ProblemCode => code in PROBLEMS;

test.each(Object.keys(PROBLEMS).filter(isCode))("%s has its status, title and media type", async (code) => {
  const response = problemResponse(new Problem(code, "What is wrong here."));
  expect(response.status).toBe(PROBLEMS[code].status);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect(response.headers.get("cache-control")).toBe("no-store");
  expect(response.headers.has("www-authenticate")).toBe(code === "unauthorized");
  expect(await response.json()).toEqual({
    type: "about:blank",
    title: PROBLEMS[code].title,
    status: PROBLEMS[code].status,
    code,
    detail: "What is wrong here.",
  });
});

test("the field at fault is named", async () => {
  const response = problemResponse(new Problem("invalid_request", "no", "start_time"));
  expect(await response.json()).toMatchObject({ field: "start_time" });
});

test("a problem is answered as it is, and not logged", async () => {
  const { response, logged } = await answerTo(new Problem("unknown_site", "There is no site x."));
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ code: "unknown_site", detail: "There is no site x." });
  expect(logged).toBe("");
});

test.each([
  [new Error("D1_ERROR: no such table: points"), 503, "database_unavailable"],
  [new Error("D1 DB is overloaded. Too many requests queued."), 503, "database_unavailable"],
  [new TypeError("undefined is not secret-thing"), 500, "internal"],
  [new HTTPException(500, { message: "secret-thing" }), 500, "internal"],
])("%s is logged, and told to nobody", async (error, status, code) => {
  const { response, logged } = await answerTo(error);
  expect(response.status).toBe(status);
  const text = await response.text();
  expect(JSON.parse(text)).toMatchObject({ code, status });
  expect(text).not.toContain(error.message);
  expect(logged).toContain(error.message);
  expect(logged).toContain('"path":"/some/path"');
  expect(logged).not.toContain("token=secret");
});

test("a client's error that the framework found is an invalid request", async () => {
  const { response } = await answerTo(new HTTPException(413, { message: "Payload Too Large" }));
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ code: "invalid_request", detail: "Payload Too Large" });
});

test("an address that is not there", async () => {
  const app = new Hono();
  app.notFound(onNotFound);
  const response = await app.request("/nowhere", { method: "DELETE" });
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ code: "not_found", detail: "There is nothing at DELETE /nowhere." });
});
