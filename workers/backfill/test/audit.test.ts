import { readAudit } from "@building-vitals/core/http/audit-store";
import { migratedDatabase } from "@building-vitals/core/test/database";
import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { ADMIN_TOKEN, call, clear, post } from "./service.ts";

beforeAll(migratedDatabase);
beforeEach(clear);

test("every POST with the token leaves one entry, except the plan", async () => {
  const { paths } = await (await call("GET", "/openapi.json")).json<{ paths: Record<string, { post?: unknown }> }>();
  const posts = Object.entries(paths).flatMap(([path, { post: operation }]) => (operation === undefined ? [] : [path]));
  expect(posts).toContain("/backfill/plan");
  const audited = posts.filter((path) => path !== "/backfill/plan");
  const statuses = new Map<string, number>();
  for (const path of posts) statuses.set(path, (await post(path, {})).status);
  const entries = await readAudit(env.DB, 0, 100);
  expect(entries.map(({ request, status, worker }) => [request, status, worker]).toReversed()).toEqual(
    audited.map((path) => [`POST ${path}`, statuses.get(path), "backfill"]),
  );
});

test("a POST without a valid token leaves no entry", async () => {
  expect((await call("POST", "/backfill/cancel")).status).toBe(401);
  expect((await call("POST", "/backfill/cancel", { token: `${ADMIN_TOKEN}x` })).status).toBe(401);
  expect(await readAudit(env.DB, 0, 100)).toEqual([]);
});
