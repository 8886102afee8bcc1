import * as fc from "fast-check";
import { expect, test } from "vitest";
import { auditParameters, auditText } from "./audit-parameters.ts";

const SECRET = 'a "secret"\\';

test("short fields stay as they came", () => {
  const body = {
    site: "ses_a",
    day: "2025-10-12",
    dry_run: true,
    ids: ["1", "2"],
    points: [{ name: "p", samples: [] }],
  };
  expect(auditParameters(body, [SECRET])).toEqual(body);
});

test("a long list becomes its length, a long text is cut", () => {
  const samples = Array.from({ length: 5_000 }, (_, i) => [i, i]);
  const body = { points: [{ name: "p", samples }], text: "x".repeat(500) };
  expect(auditParameters(body, [])).toEqual({
    points: [{ name: "p", samples: { count: 5_000 } }],
    text: `${"x".repeat(200)}…`,
  });
});

test("what is still too long becomes the names of its fields", () => {
  const body = Object.fromEntries(Array.from({ length: 15 }, (_, i) => [`field${i}`, "x".repeat(199)]));
  expect(auditParameters(body, [])).toEqual({ fields: Object.keys(body), characters: expect.any(Number) });
});

test.each([[undefined], [null], [7], ["text"]])("a body that is no object (%j) has no parameters", (body) => {
  expect(auditParameters(body, [])).toEqual({});
});

test("for any body, its parameters are bounded and hold no secret", () => {
  const text = fc.oneof(
    fc.string(),
    fc.constant(SECRET),
    fc.string().map((around) => `${around}${SECRET}${around}`),
  );
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      text,
      fc.double(),
      fc.array(tie("value"), { maxLength: 30 }),
      fc.dictionary(text, tie("value"), { maxKeys: 30 }),
    ),
  })).value;
  fc.assert(
    fc.property(value, (body) => {
      const json = JSON.stringify(auditParameters(body, [SECRET]));
      expect(json.length).toBeLessThanOrEqual(6_000);
      expect(json).not.toContain(JSON.stringify(SECRET).slice(1, -1));
    }),
    { numRuns: 100 },
  );
});

test("a secret in an address is replaced", () => {
  expect(auditText("POST /sites/abc/pause", ["abc"])).toBe("POST /sites/[secret]/pause");
});
