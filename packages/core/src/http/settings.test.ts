import { expect, test } from "vitest";
import { z } from "zod";
import { Problem } from "../domain/problem.ts";
import { binding, integerSetting, parseSettings, settingsParser } from "./settings.ts";

const SECRET = "hunter2-secret";
const schema = z.object({
  PAGES: integerSetting({ default: 3, min: 1, max: 9 }),
  TOKEN: z.string().min(20),
  DB: binding<object>(),
});
const good = { TOKEN: "t".repeat(20), DB: {} };

function problemOf(env: unknown): Problem {
  try {
    parseSettings(schema, env);
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error("the settings were taken");
}

test.each([
  [undefined, 3],
  ["1", 1],
  ["9", 9],
  [5, 5],
  ["007", 7],
])("PAGES %j is %i", (given, pages) => {
  expect(parseSettings(schema, { ...good, PAGES: given }).PAGES).toBe(pages);
});

test.each(["", " 5", "abc", "1.5", "-1", "0", "10", "1e1", "99999999999999999999", 2.5, Number.NaN, null, true, {}])(
  "PAGES %j is refused, with what it must be",
  (given) => {
    const problem = problemOf({ ...good, PAGES: given });
    expect(problem).toMatchObject({ code: "settings_invalid", status: 500, field: "PAGES" });
    expect(problem.message).toBe("PAGES: must be a whole number from 1 to 9");
  },
);

test("a missing setting is named", () => {
  const problem = problemOf({ DB: {} });
  expect(problem.field).toBe("TOKEN");
  expect(problem.message).toBe("TOKEN: is not set");
  expect(problemOf(good.TOKEN)).toMatchObject({ code: "settings_invalid" });
  expect(problemOf({ TOKEN: good.TOKEN }).message).toBe("DB: is not bound");
});

test("all settings at fault are named, none with its value", () => {
  const problem = problemOf({ PAGES: SECRET, TOKEN: SECRET, DB: SECRET });
  expect(problem.message).toMatch(/^PAGES: .*; TOKEN: .*; DB: is not bound$/);
  expect(problem.message).not.toContain("hunter2");
});

test("a setting of the wrong kind is not said to be missing", () => {
  const problem = problemOf({ ...good, TOKEN: 20_250_101 });
  expect(problem.message).toMatch(/^TOKEN: /);
  expect(problem.message).not.toContain("is not set");
  expect(problem.message).not.toContain("20250101");
});

test("settings are parsed again only for other values", () => {
  const parsed: unknown[] = [];
  const counting = z.object({ PAGES: z.string().transform((pages) => parsed.push(pages)) }).loose();
  const parse = settingsParser(counting);
  const bound = {};
  const env: Record<string, unknown> = { PAGES: "1", DB: bound };
  expect(parse(env)).toBe(parse({ ...env }));
  env["PAGES"] = "2";
  parse(env);
  parse({ ...env, DB: {} });
  parse({ PAGES: "2" });
  expect(parsed).toEqual(["1", "2", "2", "2"]);
});
