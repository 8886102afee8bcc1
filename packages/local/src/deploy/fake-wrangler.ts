import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import type { FakeAccount } from "./fake-account.ts";

/**
 * A wrangler that knows the commands of a deploy, answers in the formats of wrangler 4.156, keeps its account in the file
 * FAKE_WRANGLER_STATE, and writes each call to FAKE_WRANGLER_CALLS. The version that a deploy makes is v1, v2, ….
 */
function main(args: readonly string[]): void {
  const stateFile = process.env["FAKE_WRANGLER_STATE"] ?? "";
  appendFileSync(process.env["FAKE_WRANGLER_CALLS"] ?? "", `${args.join(" ")}\n`);
  const before = readFileSync(stateFile, "utf8");
  const account: unknown = JSON.parse(before);
  if (!isAccount(account)) throw new Error(`${stateFile} is no account`);
  if (account.fails !== null && args.join(" ").startsWith(account.fails.command)) fail(account.fails.message);
  answer(args, account);
  const after = JSON.stringify(account);
  // commands that only read run side by side
  if (after !== before) writeFileSync(stateFile, after);
}

/** The test has checked it; loading zod would make each of a hundred calls take three times as long. */
function isAccount(value: unknown): value is FakeAccount {
  return typeof value === "object" && value !== null && "databases" in value;
}

function fail(message: string): never {
  report({ type: "command-failed", version: 1, message });
  console.error(`\n\u001b[31m✘ \u001b[41;31m[\u001b[41;97mERROR\u001b[41;31m]\u001b[0m ${message}\n`);
  process.exit(1);
}

function report(entry: Record<string, unknown>): void {
  appendFileSync(process.env["WRANGLER_OUTPUT_FILE_PATH"] ?? "", `${JSON.stringify(entry)}\n`);
}

function print(value: unknown): void {
  console.log(JSON.stringify(value, null, 2));
}

const ID = "00000000-0000-4000-8000-000000000000";

function idOf(account: FakeAccount, database: string): string {
  return `${ID.slice(0, -1)}${Object.keys(account.databases).indexOf(database) + 1}`;
}

function answer(args: readonly string[], account: FakeAccount): void {
  const [a = "", b = "", c = "", d = "", e = "", f = ""] = args;
  const option = (name: string) => args[args.indexOf(name) + 1] ?? "";
  switch (a === "r2" && c === "lifecycle" ? `r2 lifecycle ${d}` : a === "deploy" ? a : `${a} ${b}`) {
    case "whoami --json":
      print({ loggedIn: account.loggedIn, accounts: account.accounts });
      process.exitCode = account.loggedIn ? 0 : 1;
      return;
    case "d1 list":
      return print(
        Object.keys(account.databases).map((name) => ({ uuid: idOf(account, name), name, version: "production" })),
      );
    case "d1 create":
      account.databases[c] = { tables: [], applied: [] };
      return console.log(`✅ Successfully created DB '${c}' in region WNAM\nCreated your new D1 database.\n`);
    case "d1 execute": {
      const { tables, applied } = databaseOf(account, c);
      const all = [...tables, ...(applied.length > 0 ? ["d1_migrations", "_cf_KV"] : [])];
      const names = option("--command").includes("sqlite_master") ? all : applied;
      return print([{ results: names.map((name) => ({ name })), success: true, meta: { duration: 0 } }]);
    }
    case "d1 time-travel":
      return print({ bookmark: "00000085-0000024c-00004c6d-8e61117bf38d7adb71b934ebbf891683" });
    case "d1 migrations": {
      const database = databaseOf(account, d);
      database.applied = account.migrations;
      database.tables = ["sites", "sample_hours"];
      return console.log("Migrations to be applied:\n┌──────┐\n│ name │\n└──────┘\n");
    }
    case "kv namespace":
      if (c === "list") return print(account.namespaces.map((title, i) => ({ id: `kv${i}`, title })));
      account.namespaces.push(d);
      return console.log(`🌀 Creating namespace with title "${d}"\n✨ Success!`);
    case "r2 bucket":
      account.buckets[d] = [
        { name: "Default Multipart Abort Rule", prefix: "", action: "Abort incomplete multipart uploads after 7 days" },
      ];
      return console.log(`Creating bucket '${d}'...\n✅ Created bucket '${d}' with default storage class of Standard.`);
    case "r2 lifecycle list":
      return listRules(account, e);
    case "r2 lifecycle add":
      account.buckets[e]?.push({
        name: f,
        prefix: args[6] ?? "",
        action: `Expire objects after ${option("--expire-days")} days`,
      });
      return console.log(`✨ Added lifecycle rule '${f}' to bucket '${e}'.`);
    case "r2 lifecycle remove":
      account.buckets[e] = (account.buckets[e] ?? []).filter(({ name }) => name !== option("--name"));
      return console.log(`Lifecycle rule '${option("--name")}' removed from bucket '${e}'.`);
    case "secret list": {
      const worker = account.workers[option("--name")];
      if (worker === undefined)
        fail(`Worker "${option("--name")}" not found.\n\nIf this is a new Worker, run \`wrangler deploy\` first.`);
      return print(worker.secrets.map((name) => ({ name, type: "secret_text" })));
    }
    case "deployments status": {
      const version = account.workers[option("--name")]?.version ?? null;
      if (version === null) fail(`The Worker ${option("--name")} has no deployments.`);
      return print({ id: ID, source: "wrangler", versions: [{ version_id: version, percentage: 100 }] });
    }
    case "deploy":
      return deploy(args, account);
    default:
      throw new Error(`the fake wrangler does not know: ${args.join(" ")}`);
  }
}

function databaseOf(account: FakeAccount, name: string): FakeAccount["databases"][string] {
  const database = account.databases[name];
  if (database === undefined) fail(`Couldn't find a D1 DB named '${name}'`);
  return database;
}

function listRules(account: FakeAccount, bucket: string): void {
  const rules = account.buckets[bucket];
  console.log(`Listing lifecycle rules for bucket '${bucket}'...`);
  if (rules === undefined) {
    fail(
      `A request to the Cloudflare API (/accounts/a1/r2/buckets/${bucket}/lifecycle) failed.\n\n  The specified bucket does not exist. [code: 10006]`,
    );
  }
  if (rules.length === 0) return console.log(`There are no lifecycle rules for bucket '${bucket}'.`);
  const block = ({ name, prefix, action }: (typeof rules)[number]) =>
    `name:     ${name}\nenabled:  Yes\nprefix:   ${prefix || "(all prefixes)"}\naction:   ${action}`;
  console.log(rules.map(block).join("\n\n"));
}

interface Bound {
  readonly binding: string;
  readonly database_name: string;
  readonly database_id?: string;
}

function isBound(value: unknown): value is Bound[] {
  return Array.isArray(value) && value.every((one) => typeof one.binding === "string");
}

function deploy(args: readonly string[], account: FakeAccount): void {
  const file = args[args.indexOf("-c") + 1] ?? "";
  const environment = args[args.indexOf("--env") + 1] ?? "";
  const name = `building-vitals-${/wrangler\.(\w+)\.json/.exec(file)?.[1]}-${environment}`;
  const bound: unknown = JSON.parse(readFileSync(file, "utf8")).env[environment].d1_databases;
  if (!isBound(bound)) throw new Error(`${file} has no databases`);
  for (const { binding, database_name: database, database_id: id } of bound) {
    if (id !== idOf(account, database)) fail(`binding ${binding} must have a valid \`database_id\``);
  }
  const base = { type: "deploy", version: 1, worker_name: name };
  if (args.includes("--dry-run")) return report({ ...base, version_id: null, targets: [] });
  const before = account.workers[name];
  const all = Object.values(account.workers).flatMap(({ version }) =>
    version === null ? [] : [Number(version.slice(1))],
  );
  const version = `v${Math.max(0, ...all) + 1}`;
  account.workers[name] = { secrets: before?.secrets ?? [], version };
  report({ ...base, version_id: version, targets: ["schedule: */5 * * * *", account.url] });
  console.log(`Uploaded ${name}\nCurrent Version ID: ${version}`);
}

main(process.argv.slice(2));
