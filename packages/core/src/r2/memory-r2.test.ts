import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { migratedDatabase } from "../../test/database.ts";
import { MemoryR2 } from "../../test/memory-r2.ts";

/** The fields of an answer that the code or a test reads. */
function fieldsOf(answer: R2Object | null) {
  if (answer === null) return null;
  const { key, etag, httpEtag, size, httpMetadata, customMetadata } = answer;
  const isDated = "uploaded" in answer;
  return { key, etag, httpEtag, size, httpMetadata, customMetadata, isDated, hasBody: "body" in answer };
}

/** Makes one list of calls. @returns all answers and error messages */
async function transcript(bucket: R2Bucket): Promise<unknown[]> {
  const lines: unknown[] = [];
  const note = async (call: Promise<R2Object | null>) =>
    lines.push(await call.then(fieldsOf, (error: unknown) => (error instanceof Error ? error.message : error)));
  const bytes = Uint8Array.from({ length: 40 }, (_, i) => i);
  const sha256 = [...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
  const metadata = { httpMetadata: { contentType: "text/plain" }, customMetadata: { build: "b1" } };

  await note(bucket.head("a"));
  await note(bucket.get("a"));
  await note(bucket.put("a", bytes, { sha256, ...metadata }));
  await note(bucket.put("a", "other", { sha256 }));
  await note(bucket.head("a"));
  const { etag } = (await bucket.head("a"))!;
  await note(bucket.put("a", "second", { onlyIf: { etagMatches: "0".repeat(32) } }));
  await note(bucket.put("a", "second", { onlyIf: { etagDoesNotMatch: "*" } }));
  await note(bucket.put("b", "first", { onlyIf: { etagDoesNotMatch: "*" } }));
  await note(bucket.put("c", "none", { onlyIf: { etagMatches: etag } }));
  await note(bucket.put("a", bytes, { onlyIf: { etagMatches: etag } }));
  await note(bucket.get("a", { onlyIf: { etagMatches: "0".repeat(32) } }));
  await note(bucket.get("a", { onlyIf: { etagMatches: etag } }));
  for (const range of [
    { offset: 3, length: 5 },
    { offset: 38, length: 5 },
    { offset: 39, length: 1 },
    { suffix: 4 },
    { suffix: 100 },
  ]) {
    lines.push(await (await bucket.get("a", { range }))?.arrayBuffer());
  }
  // R2's own error is 10039, Miniflare's an unspecified one
  const isAnswered = bucket.get("a", { range: { offset: 40, length: 1 } }).then(
    () => true,
    () => false,
  );
  lines.push(await isAnswered);
  const body = (await bucket.get("a"))!;
  await note(bucket.put("d/1", body.body));
  lines.push(await (await bucket.get("d/1"))!.bytes(), await (await bucket.get("b"))!.text());
  const given = bytes.slice(0, 8);
  const putting = bucket.put("d/2", given.subarray(2, 4), metadata);
  await putting;
  given.fill(9);
  lines.push(await (await bucket.get("d/2"))!.bytes());
  await bucket.put("d/3", "{}");
  lines.push(await (await bucket.get("d/3"))!.json());
  const listed = async (options: R2ListOptions) => {
    const page = await bucket.list(options);
    lines.push({ objects: page.objects.map(fieldsOf), truncated: page.truncated });
    return page;
  };
  await listed({});
  await listed({ prefix: "d/", include: ["customMetadata"] });
  const first = await listed({ prefix: "d/", limit: 2 });
  if (first.truncated) await listed({ prefix: "d/", limit: 2, cursor: first.cursor });
  await bucket.delete("b");
  await bucket.delete(["a", "d/1", "absent"]);
  await listed({});
  return lines;
}

test("the bucket in memory answers as Miniflare's R2", async () => {
  await migratedDatabase();
  const { TIMESERIES } = env;
  const expected = await transcript(TIMESERIES);
  Object.assign(env, { TIMESERIES: new MemoryR2() });
  const found = await transcript(env.TIMESERIES).finally(() => Object.assign(env, { TIMESERIES }));
  expect(found).toHaveLength(28);
  expect(found).toEqual(expected);
});
