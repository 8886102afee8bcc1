import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { FakeAccount, FakeBucket, FakeDatabase } from "./account.ts";
import { ApiFailure, type Call, type Endpoint, textField } from "./exchange.ts";

const querySchema = z.object({
  sql: z.string(),
  params: z.array(z.union([z.string(), z.number(), z.null()])).default([]),
});
const ruleSchema = z.object({
  id: z.string(),
  enabled: z.boolean(),
  conditions: z.object({ prefix: z.string().default("") }),
  deleteObjectsTransition: z.object({ condition: z.object({ type: z.literal("Age"), maxAge: z.number() }) }).optional(),
  abortMultipartUploadsTransition: z
    .object({ condition: z.object({ type: z.literal("Age"), maxAge: z.number() }) })
    .optional(),
});

/** The rule of every new bucket. Seconds. */
const DEFAULT_RULE = {
  id: "Default Multipart Abort Rule",
  enabled: true,
  conditions: { prefix: "" },
  abortMultipartUploadsTransition: { condition: { type: "Age" as const, maxAge: 604_800 } },
};

const BOOKMARK = "00000085-0000024c-00004c6d-8e61117bf38d7adb71b934ebbf891683";

function databaseOf(account: FakeAccount, id: string): [string, FakeDatabase] {
  const found = [...account.databases].find(([name, { uuid }]) => uuid === id || name === id);
  if (found === undefined) throw new ApiFailure(404, 7404, `The database ${id} could not be found`);
  return found;
}

function bucketOf({ account, params: [name = ""] }: Call): FakeBucket {
  requireR2(account);
  const bucket = account.buckets.get(name);
  if (bucket === undefined) throw new ApiFailure(404, 10_006, "The specified bucket does not exist.");
  return bucket;
}

function requireR2({ isR2Enabled }: FakeAccount): void {
  if (!isR2Enabled) throw new ApiFailure(403, 10_042, "Please enable R2 through the Cloudflare Dashboard.");
}

/** Runs SQL like D1: a text may hold several statements, each with its own result. */
function runSql({ sql }: FakeDatabase, body: unknown): unknown[] {
  const { sql: text, params } = querySchema.parse(body);
  const meta = { duration: 0, changes: 0, last_row_id: 0, rows_read: 0, rows_written: 0, served_by: "fake" };
  try {
    if (params.length === 0 && /;\s*\S/.test(text)) {
      sql.exec(text);
      return [{ results: [], success: true, meta }];
    }
    return [{ results: sql.prepare(text).all(...params), success: true, meta }];
  } catch (error) {
    throw new ApiFailure(400, 7500, error instanceof Error ? error.message : String(error));
  }
}

export const D1: readonly Endpoint[] = [
  {
    method: "GET",
    path: /^d1\/database$/,
    right: "D1",
    answer: ({ account, query }) =>
      [...account.databases]
        .filter(([name]) => query.get("name") === null || query.get("name") === name)
        .map(([name, { uuid }]) => ({ uuid, name, version: "production", created_at: "2026-11-01T00:00:00Z" })),
  },
  {
    method: "POST",
    path: /^d1\/database$/,
    right: "D1",
    answer: ({ account, json }) => {
      const body = json();
      const name = textField(body, "name");
      if (account.databases.has(name))
        throw new ApiFailure(400, 7502, `A database with the name '${name}' already exists`);
      const hint: unknown =
        typeof body === "object" && body !== null ? Reflect.get(body, "primary_location_hint") : null;
      const { uuid } = account.addDatabase(name, typeof hint === "string" ? hint : null);
      return { uuid, name, version: "production", created_at: "2026-11-01T00:00:00Z" };
    },
  },
  {
    method: "GET",
    path: /^d1\/database\/([^/]+)$/,
    right: "D1",
    answer: ({ account, params: [id = ""] }) => {
      const [name, { uuid }] = databaseOf(account, id);
      return { uuid, name, version: "production", num_tables: 0, file_size: 0 };
    },
  },
  {
    method: "POST",
    path: /^d1\/database\/([^/]+)\/query$/,
    right: "D1",
    answer: ({ account, params: [uuid = ""], json }) => runSql(databaseOf(account, uuid)[1], json()),
  },
  {
    method: "GET",
    path: /^d1\/database\/([^/]+)\/time_travel\/bookmark$/,
    right: "D1",
    answer: ({ account, params: [uuid = ""] }) => {
      databaseOf(account, uuid);
      return { bookmark: BOOKMARK };
    },
  },
  {
    method: "POST",
    path: /^d1\/database\/([^/]+)\/time_travel\/restore$/,
    right: "D1",
    answer: ({ account, params: [uuid = ""], query }) => {
      databaseOf(account, uuid);
      const bookmark = query.get("bookmark");
      if (bookmark !== BOOKMARK) throw new ApiFailure(400, 7_500, `no such bookmark: ${bookmark}`);
      return { bookmark, previous_bookmark: BOOKMARK, message: "restored" };
    },
  },
];

export const R2: readonly Endpoint[] = [
  {
    method: "POST",
    path: /^r2\/buckets$/,
    right: "Workers R2 Storage",
    answer: ({ account, json }) => {
      requireR2(account);
      const body = json();
      const name = textField(body, "name");
      if (account.buckets.has(name))
        throw new ApiFailure(409, 10_004, "The bucket you tried to create already exists, and you own it.");
      const hint: unknown = typeof body === "object" && body !== null ? Reflect.get(body, "locationHint") : null;
      account.buckets.set(name, { rules: [DEFAULT_RULE], location: typeof hint === "string" ? hint : null });
      return { name, creation_date: "2026-11-01T00:00:00Z", location: "WNAM", storage_class: "Standard" };
    },
  },
  {
    method: "GET",
    path: /^r2\/buckets\/([^/]+)$/,
    right: "Workers R2 Storage",
    answer: (call) => (bucketOf(call), { name: call.params[0], location: "WNAM", storage_class: "Standard" }),
  },
  {
    method: "GET",
    path: /^r2\/buckets\/([^/]+)\/lifecycle$/,
    right: "Workers R2 Storage",
    answer: (call) => ({ rules: bucketOf(call).rules }),
  },
  {
    method: "PUT",
    path: /^r2\/buckets\/([^/]+)\/lifecycle$/,
    right: "Workers R2 Storage",
    answer: (call) => {
      bucketOf(call).rules = z.object({ rules: z.array(ruleSchema) }).parse(call.json()).rules;
      return {};
    },
  },
];

export const KV: readonly Endpoint[] = [
  {
    method: "GET",
    path: /^storage\/kv\/namespaces$/,
    right: "Workers KV Storage",
    answer: ({ account, query }) => {
      const size = Number(query.get("per_page") ?? 20);
      const from = (Number(query.get("page") ?? 1) - 1) * size;
      return [...account.namespaces].slice(from, from + size).map(([title, id]) => ({ id, title }));
    },
  },
  {
    method: "POST",
    path: /^storage\/kv\/namespaces$/,
    right: "Workers KV Storage",
    answer: ({ account, json }) => {
      const title = textField(json(), "title");
      if (account.namespaces.has(title)) {
        throw new ApiFailure(400, 10_014, "a namespace with this account ID and title already exists");
      }
      const id = randomUUID().replaceAll("-", "");
      account.namespaces.set(title, id);
      return { id, title };
    },
  },
];
