import { expect, test } from "vitest";
import { refusalOf } from "./refusal.ts";

const problem = (code: string, detail: string) => JSON.stringify({ status: 400, code, detail });

test.each([
  [401, problem("unauthorized", "Send the header."), "unauthorized", "The etl Worker refuses the token"],
  [404, problem("not_found", "There is nothing."), "not_found", "No etl Worker answers at http://here."],
  [404, "<html>", null, "No etl Worker answers at http://here."],
  [302, "", null, "No etl Worker answers at http://here. It redirects"],
  [404, problem("unknown_site", "There is no site x."), "unknown_site", "There is no site x."],
  [503, problem("database_unavailable", "Try again."), "database_unavailable", "Try again."],
  [502, "<html>", null, "The etl Worker answered 502."],
])("%i %s", (status, body, code, text) => {
  const refusal = refusalOf("etl", "http://here", status, body);
  expect(refusal.code).toBe(code);
  expect(refusal.text).toContain(text);
});
