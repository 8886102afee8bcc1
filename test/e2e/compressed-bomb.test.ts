import { createServer } from "node:http";
import { gzipSync } from "node:zlib";
import { createAceClient } from "@building-vitals/core/ace/client";
import { expect, test } from "vitest";
import { z } from "zod";

/** Decompressed size of the body that the test serves: 300 KB of gzip. */
const BOMB_BYTES = 300_000_000;
const LIMIT_BYTES = 8_000_000;

test("a gzip body is refused at the limit of its decompressed size", async () => {
  const start = Buffer.from('{"point_samples":[');
  const bomb = gzipSync(Buffer.concat([start, Buffer.alloc(BOMB_BYTES, " ")]));
  expect(bomb.byteLength).toBeLessThan(400_000);
  const server = createServer((_, response) => {
    response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" }).end(bomb);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = z.object({ port: z.int() }).parse(server.address());
    const baseUrl = `http://127.0.0.1:${port}/api`;
    const ace = createAceClient({ baseUrl, apiKey: "a-key-of-the-tests", maxBodyBytes: LIMIT_BYTES, retries: 0 });
    const before = process.memoryUsage().rss;
    const pages = ace.timeseriesPages("lab", { start: 0, end: 3_600_000 });
    await expect(pages.next()).rejects.toMatchObject({ name: "AceError", kind: "body_too_large" });
    // Far less than the decompressed body: the stream is cancelled at the limit.
    expect(process.memoryUsage().rss - before).toBeLessThan(BOMB_BYTES / 3);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
