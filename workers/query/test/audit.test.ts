import { recordAudit } from "@building-vitals/core/http/audit-store";
import { emptyDatabase } from "@building-vitals/core/test/database";
import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { ADMIN_TOKEN, call, migrate } from "./service.ts";

const AT = Date.UTC(2026, 9, 12);
const ADMIN = { authorization: `Bearer ${ADMIN_TOKEN}` };

beforeAll(migrate);
beforeEach(async () => {
  await emptyDatabase();
  // two in the same millisecond
  for (const [i, at] of [AT, AT + 1_000, AT + 1_000, AT + 2_000].entries()) {
    await recordAudit(env.DB, {
      at,
      id: `00000000-0000-0000-0000-00000000000${i}`,
      who: { kind: "access", name: "someone@example.com" },
      worker: "etl",
      request: "POST /trigger",
      parameters: { site: `site ${i}` },
      status: 200,
      code: null,
      durationMs: 35,
    });
  }
});

interface Page {
  readonly entries: { readonly at: string; readonly parameters: { readonly site: string } }[];
  readonly next_cursor: string | null;
}
const ask = async (query: string) => (await call(`/audit${query}`, {}, ADMIN)).json<Page>();
const sitesOf = ({ entries }: Page) => entries.map(({ parameters }) => parameters.site);

test("an entry holds time, identity, request and result", async () => {
  const { entries, next_cursor } = await ask("");
  expect(entries[0]).toEqual({
    at: "2026-10-12T00:00:02.000Z",
    who: { kind: "access", name: "someone@example.com" },
    worker: "etl",
    request: "POST /trigger",
    parameters: { site: "site 3" },
    status: 200,
    code: null,
    duration_ms: 35,
  });
  expect([entries.length, next_cursor]).toEqual([4, null]);
});

test("pages list all entries, newest first, each once", async () => {
  const seen: string[] = [];
  let cursor: string | null = "";
  for (let pages = 0; cursor !== null; pages++) {
    expect(pages).toBeLessThan(4);
    const page: Page = await ask(`?limit=1${cursor === "" ? "" : `&cursor=${cursor}`}`);
    seen.push(...sitesOf(page));
    cursor = page.next_cursor;
  }
  expect(seen).toEqual(["site 3", "site 2", "site 1", "site 0"]);
});

test("since leaves out older entries", async () => {
  expect(sitesOf(await ask("?since=2026-10-12T00:00:01Z"))).toEqual(["site 3", "site 2", "site 1"]);
  expect(sitesOf(await ask(`?since=${AT + 2_001}`))).toEqual([]);
});

test.each([
  ["no token, if reads need none", {}, {}],
  ["the read token", { QUERY_TOKEN: "sesame-of-the-tests" }, { authorization: "Bearer sesame-of-the-tests" }],
  ["a wrong token", {}, { authorization: "Bearer the-admin-tokem" }],
])("%s is refused", async (_, settings, headers) => {
  expect((await call("/audit", settings, headers)).status).toBe(401);
});

test("the admin token suffices if reads need another token", async () => {
  expect((await call("/audit", { QUERY_TOKEN: "sesame-of-the-tests" }, ADMIN)).status).toBe(200);
});

test.each(["limit=0", "limit=501", "cursor=1", "since=yesterday", "until=1"])("%s is refused", async (query) => {
  expect((await call(`/audit?${query}`, {}, ADMIN)).status).toBe(400);
});
