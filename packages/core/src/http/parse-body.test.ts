import { expect, test } from "vitest";
import { z } from "zod";
import { parseBody, parseInput } from "./parse-body.ts";

const LIMIT = 64 * 1024;
const schema = z.strictObject({ site: z.string().optional(), days: z.array(z.object({ day: z.int() })).optional() });

function post(body: BodyInit | null, headers: Record<string, string> = {}): Request {
  return new Request("http://x.test/", { method: "POST", body, headers });
}

test.each<[BodyInit | null, unknown]>([
  [null, {}],
  ["", {}],
  [" \n", {}],
  ["{}", {}],
  ['{"site":"ses_ä"}', { site: "ses_ä" }],
  ['\u{FEFF}{"site":"a"}', { site: "a" }],
])("%j is %j", async (body, value) => {
  expect(await parseBody(post(body), schema)).toEqual(value);
});

test.each<[string, string | undefined, RegExp]>([
  ["{", undefined, /^The body is not JSON\.$/],
  ["site=a", undefined, /not JSON/],
  ['{"site":5}', "site", /^site: .*expected string/],
  ['{"days":[{"day":1},{"day":"x"}]}', "days.1.day", /^days\.1\.day: /],
  ['{"sight":"a"}', "sight", /^sight: /],
  ["[]", undefined, /expected object/],
  ["null", undefined, /expected object/],
])("%s is refused, naming %s", async (body, field, message) => {
  const refused = parseBody(post(body), schema);
  await expect(refused).rejects.toMatchObject({ code: "invalid_request", status: 400, field });
  await expect(refused).rejects.toThrow(message);
});

test("a body may be as large as the limit, and not a byte larger", async () => {
  const text = JSON.stringify({ site: "x".repeat(LIMIT - 11) });
  expect(text.length).toBe(LIMIT);
  expect((await parseBody(post(text), schema)).site?.length).toBe(LIMIT - 11);
  await expect(parseBody(post(`${text} `), schema)).rejects.toMatchObject({ code: "body_too_large" });
});

test("the limit counts bytes, and cuts off a body without a length", async () => {
  await expect(parseBody(post(JSON.stringify({ site: "ä".repeat(LIMIT / 2) })), schema)).rejects.toThrow(
    /larger than 65536/,
  );
  let sent = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += 16 * 1024;
      controller.enqueue(new Uint8Array(16 * 1024).fill(0x20));
    },
  });
  await expect(parseBody(post(endless), schema)).rejects.toThrow(/larger than 65536/);
  expect(sent).toBeLessThan(4 * LIMIT);
});

test("a length that says too much is refused before anything is read", async () => {
  let pulled = 0;
  const body = new ReadableStream({ pull: () => void pulled++ }, { highWaterMark: 0 });
  const request = new Request("http://x.test/", {
    method: "POST",
    body,
    headers: { "content-length": String(LIMIT + 1) },
  });
  await expect(parseBody(request, schema)).rejects.toThrow(/larger than/);
  expect(pulled).toBe(0);
});

test("an input that is right is handed on as the schema has it", () => {
  expect(parseInput(z.object({ n: z.coerce.number() }), { n: "5" })).toEqual({ n: 5 });
});
