import fc from "fast-check";
import { expect, test } from "vitest";
import { tokenExpiry } from "./token-expiry.ts";

const base64url = (value: unknown) => {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
};
const jwt = (claims: unknown) => `${base64url({ alg: "none" })}.${base64url(claims)}.x`;

test("reads the expiry of a JWT, with any other claims", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 8e12 }), fc.string({ unit: "binary" }), (exp, name) => {
      expect(tokenExpiry(jwt({ name, exp }))).toBe(exp * 1000);
    }),
  );
});

test.each([
  ["no time", jwt({ sub: "a" })],
  ["a time that is no number", jwt({ exp: "tomorrow" })],
  ["a time beyond any date", jwt({ exp: 1e300 })],
  ["claims that are no object", jwt(null)],
  ["three parts that are no JWT", "a.b.c"],
  ["another key", "a-plain-key"],
  ["nothing", ""],
])("%s: null", (_, token) => {
  expect(tokenExpiry(token)).toBe(null);
});
