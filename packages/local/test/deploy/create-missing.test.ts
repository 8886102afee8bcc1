import { fileURLToPath } from "node:url";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createMissing } from "../../src/deploy/carry-out.ts";
import { CloudflareApi } from "../../src/deploy/cloudflare-api.ts";
import { readExisting } from "../../src/deploy/existing.ts";
import { planDeploy } from "../../src/deploy/plan.ts";
import { readWanted } from "../../src/deploy/wanted.ts";
import { Wrangler } from "../../src/deploy/wrangler.ts";
import { FakeAccount } from "../cloudflare/account.ts";
import { FakeCloudflare } from "../cloudflare/fake-cloudflare.ts";

const ROOT = fileURLToPath(new URL("../../../..", import.meta.url));

let folder: string;
let account: FakeAccount;
let cloudflare: FakeCloudflare;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "building-vitals-create-"));
  account = new FakeAccount();
  cloudflare = await FakeCloudflare.start();
  cloudflare.addToken("t", [account]);
});
afterEach(async () => {
  await cloudflare.close();
  await rm(folder, { recursive: true });
});

/** Reads the account, and creates its missing parts. */
async function create(): Promise<void> {
  const env = { CLOUDFLARE_API_BASE_URL: cloudflare.url, CLOUDFLARE_API_TOKEN: "t" };
  const api = await CloudflareApi.login(new Wrangler("not asked", ROOT, env), env);
  const wanted = await readWanted(ROOT, "staging");
  const existing = await readExisting(api, account, wanted);
  const places = { root: ROOT, resolved: folder };
  const context = { api, account, places, wanted, location: "weur", say: () => {} };
  await createMissing(context, existing, planDeploy(wanted, existing));
}

const CREATIONS = [
  "POST d1/database",
  "POST r2/buckets",
  "PUT r2/buckets/ace-timeseries-staging/lifecycle",
  "POST storage/kv/namespaces",
];
const BREAKS = CREATIONS.flatMap((creation) => (["before", "after"] as const).map((when) => ({ creation, when })));

test.each(BREAKS)("$creation, interrupted $when its effect: the next run creates each part once", async (broken) => {
  cloudflare.breaks = (call) => (call === broken.creation ? broken.when : null);
  await expect(create()).rejects.toThrow("no answer from Cloudflare's API");
  cloudflare.breaks = () => null;
  await create();
  expect([...account.databases.keys()]).toEqual(["building-vitals-staging"]);
  expect([...account.buckets.values()].map(({ rules }) => rules.map(({ id }) => id))).toEqual([
    ["Default Multipart Abort Rule", "staging"],
  ]);
  expect([...account.namespaces.keys()]).toEqual(["etl-state-staging"]);
  const resolved = await readFile(join(folder, "wrangler.etl.json"), "utf8");
  for (const id of [
    account.databases.get("building-vitals-staging")?.uuid,
    account.namespaces.get("etl-state-staging"),
  ]) {
    expect(resolved).toContain(`"${id}"`);
  }
});

test("a read whose connection breaks is repeated", async () => {
  const asked = new Set<string>();
  cloudflare.breaks = (call) => {
    const isRepeated = !call.startsWith("GET ") || asked.has(call);
    asked.add(call);
    return isRepeated ? null : "before";
  };
  await create();
  expect(account.buckets.size).toBe(1);
});
