import { expect, test } from "vitest";
import { z } from "zod";
import { once, wholeNumber } from "./parameters.ts";
import { parseInput } from "./parse-body.ts";

const schema = z.object({ limit: once(wholeNumber(1, 500).default(100)) });
const parse = (...limit: string[]) => parseInput(schema, limit.length === 0 ? {} : { limit }).limit;

test("a whole number within its bounds, once", () => {
  expect([parse(), parse("1"), parse("500")]).toEqual([100, 1, 500]);
});

test.each(["", "0", "501", "1.5", "two", "-1", "NaN", "1e999"])("%j is refused in words", (limit) => {
  expect(() => parse(limit)).toThrow("limit: must be a whole number from 1 to 500");
});

test("of two values neither is taken", () => {
  expect(() => parse("1", "1")).toThrow("limit: may be given once only");
});
