import { spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { readDeployOptions } from "../../src/deploy/deploy-options.ts";
import { runDeploy } from "../../src/deploy/run-deploy.ts";
import { DEPLOY_ORDER } from "../../src/deploy/wanted.ts";
import { WORKER_SECRETS } from "../../src/deploy/worker-secrets.ts";
import { FakeAccount } from "../cloudflare/account.ts";
import { FakeCloudflare } from "../cloudflare/fake-cloudflare.ts";
import { keptWrangler, wranglerClient } from "./kept-wrangler.ts";
import { leadWorkersDevTo } from "./workers-dev-fetch.ts";

const ROOT = fileURLToPath(new URL("../../../..", import.meta.url));
const WORKERS_DEV_FETCH = new URL("workers-dev-fetch.ts", import.meta.url).href;
const TOKEN = "a-token-of-the-tests";
/**
 * Wrangler's own file: node_modules/.bin/wrangler starts it in a second Node process, which costs a tenth of a call's
 * time.
 */
const WRANGLER_CLI = join(ROOT, "node_modules/wrangler/wrangler-dist/cli.js");

/** Deployed in place of a Worker, because bundling the real one takes a third of the time. */
const STAND_IN = `import { WorkflowEntrypoint } from "cloudflare:workers";
export class BackfillWorkflow extends WorkflowEntrypoint {}
export default { fetch: () => new Response("a stand-in") };
`;

/** The answer of a deployed Worker's `/health`. @param worker such as building-vitals-etl-staging */
export type Health = (worker: string, version: string) => { readonly status: number; readonly body: unknown };

const checks = (detail: string, ok: boolean) => ({ settings: { ok: true, detail: "valid" }, schema: { ok, detail } });

export const well: Health = (_, version) => ({
  status: 200,
  body: { status: "ok", version, checks: checks("version 5", true) },
});

/** Answers that the schema is older than the Worker needs. */
export const ill: Health = (_, version) => ({
  status: 503,
  body: { status: "failing", version, checks: checks("the database has schema version 4", false) },
});

/** Timeout of a test with a dozen calls of wrangler on a busy machine. */
export const LONG_MS = 900_000;

export interface Run {
  readonly code: number;
  /** stdout and stderr in order of arrival */
  readonly output: string;
  /** this run's requests that change something, such as `POST d1/database` */
  readonly changes: readonly string[];
}

/** Runs the deploy command with the real wrangler against a fake of Cloudflare. */
export class Deployment {
  health: Health = well;
  readonly account = new FakeAccount();
  readonly cloudflare: FakeCloudflare;
  readonly folder: string;
  readonly #workersDev: Server;
  readonly #workersDevUrl: string;

  private constructor(cloudflare: FakeCloudflare, folder: string, workersDev: Server, port: number) {
    this.cloudflare = cloudflare;
    this.folder = folder;
    this.#workersDev = workersDev;
    this.#workersDevUrl = `http://127.0.0.1:${port}`;
    cloudflare.addToken(TOKEN, [this.account]);
  }

  static async start(): Promise<Deployment> {
    const folder = await mkdtemp(join(tmpdir(), "building-vitals-deploy-"));
    const workersDev = createServer();
    await new Promise<void>((resolve) => workersDev.listen(0, "127.0.0.1", resolve));
    const { port } = z.object({ port: z.int() }).parse(workersDev.address());
    const deployment = new Deployment(await FakeCloudflare.start(), folder, workersDev, port);
    workersDev.on("request", (request, response) => {
      const name = /^\/([^./]+)\./.exec(request.url ?? "")?.[1] ?? "";
      const version = deployment.account.workers.get(name)?.deployments[0]?.[0]?.version_id;
      const { status, body } = version === undefined ? { status: 404, body: {} } : deployment.health(name, version);
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
    return deployment;
  }

  async close(): Promise<void> {
    this.#workersDev.closeAllConnections();
    this.#workersDev.close();
    await this.cloudflare.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Adds drafts of all Workers with their required secrets, in the state that `wrangler secret put` leaves. */
  addSecrets(environment = "staging"): void {
    for (const worker of DEPLOY_ORDER) {
      this.account.addDraft(`building-vitals-${worker}-${environment}`, WORKER_SECRETS[worker].required);
    }
  }

  /** Runs `npm run deploy -- …args`. */
  async deploy(args: readonly string[]): Promise<Run> {
    const command = join(ROOT, "packages/local/src/deploy.ts");
    return this.#run(process.execPath, [command, ...args], {
      FAKE_WORKERS_DEV: this.#workersDevUrl,
      NODE_OPTIONS: `--import=${WORKERS_DEV_FETCH} --disable-warning=ExperimentalWarning`,
    });
  }

  /** Runs the same inside this process, which is faster. @param root the checkout */
  async deployHere(args: readonly string[], env: NodeJS.ProcessEnv = {}, root = ROOT): Promise<Run> {
    const from = this.cloudflare.taken.length;
    const lines: string[] = [];
    const options = readDeployOptions(args);
    if (options === null) throw new Error("--help deploys nothing");
    const say = (line: string) => void lines.push(line);
    const restoreFetch = leadWorkersDevTo(this.#workersDevUrl);
    const failure = await runDeploy(options, { root, env: this.#env(env), say, ask: null })
      .catch((error: Error) => error)
      .finally(restoreFetch);
    if (failure !== undefined) lines.push(failure.message);
    const output = lines.map((line) => `${line}\n`).join("");
    return { code: failure === undefined ? 0 : 1, output, changes: this.cloudflare.changes(from) };
  }

  /** Runs a command that a deploy printed, such as `npx wrangler rollback …`. @param input its stdin */
  async follow(command: string, input = ""): Promise<Run> {
    const [npx, wrangler, ...args] = command.trim().split(" ");
    if (npx !== "npx" || wrangler !== "wrangler") throw new Error(`not a wrangler command: ${command}`);
    const offline = { WRANGLER_SEND_METRICS: "false", WRANGLER_HIDE_BANNER: "true" };
    const env = { CLOUDFLARE_ACCOUNT_ID: this.account.id, ...offline };
    return this.#run(process.execPath, ["--no-warnings", WRANGLER_CLI, ...args], env, input);
  }

  async #run(file: string, args: readonly string[], env: NodeJS.ProcessEnv, input = ""): Promise<Run> {
    const from = this.cloudflare.taken.length;
    const child = spawn(file, args, { cwd: ROOT, env: this.#env(env) });
    child.stdin.end(input);
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => (output += text));
    }
    const code = await new Promise<number>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (exit) => resolve(exit ?? 1));
    });
    return { code, output, changes: this.cloudflare.changes(from) };
  }

  #env(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
    const { CLOUDFLARE_ACCOUNT_ID: _, ...inherited } = process.env;
    return {
      ...inherited,
      // The developer's own login and settings must not matter.
      HOME: this.folder,
      XDG_CONFIG_HOME: join(this.folder, "config"),
      STATE_DIR: join(this.folder, "state"),
      CLOUDFLARE_API_BASE_URL: this.cloudflare.url,
      CLOUDFLARE_API_TOKEN: TOKEN,
      ...env,
    };
  }

  /**
   * A checkout that a test may change, with this one's wrangler files and migrations. Its wrangler skips the builds at
   * the start of a deploy, and deploys stand-ins for the Workers and their page.
   * @param built the one Worker that is real, and is built
   */
  async checkout(built?: string): Promise<string> {
    const root = await mkdtemp(join(this.folder, "checkout-"));
    await cp(join(ROOT, "migrations"), join(root, "migrations"), { recursive: true });
    await mkdir(join(root, "packages/dashboard/dist"), { recursive: true });
    for (const path of ["packages/core", "workers", "package.json", "tsconfig.base.json"]) {
      await symlink(join(ROOT, path), join(root, path));
    }
    await mkdir(join(root, "node_modules/.bin"), { recursive: true });
    const skipsBuilds = `if (args.includes("--dry-run") && args.at(-1) !== "wrangler.${built ?? "none"}.toml") process.exit();`;
    const wrangler = wranglerClient(await keptWrangler(WRANGLER_CLI), skipsBuilds);
    await writeFile(join(root, "node_modules/.bin/wrangler"), wrangler, { mode: 0o755 });
    await writeFile(join(root, "stand-in.js"), STAND_IN);
    await writeFile(join(root, "packages/dashboard/dist/index.html"), "<!doctype html><title>a stand-in</title>");
    for (const worker of DEPLOY_ORDER) {
      const text = await readFile(join(ROOT, wranglerFile(worker)), "utf8");
      const withoutPage = text.replace(/^\[build\]\ncommand = .*$/m, "");
      const standIn = withoutPage.replace(/^main = .*$/m, 'main = "stand-in.js"');
      await writeFile(join(root, wranglerFile(worker)), worker === built ? withoutPage : standIn);
    }
    return root;
  }
}

export function wranglerFile(worker: string): string {
  return `wrangler.${worker}.toml`;
}

/** The migration of {@link addMigration}. Its name sorts after all others. */
export const NEXT_MIGRATION = "9999_next.sql";
const NEXT_SQL = `UPDATE schema_version SET version = version + 1;
CREATE TABLE next_table (id INTEGER PRIMARY KEY) STRICT;
`;

/** Adds a migration to a checkout, so that a database with this checkout's migrations needs an upgrade. */
export async function addMigration(root: string): Promise<void> {
  await writeFile(join(root, "migrations", NEXT_MIGRATION), NEXT_SQL);
}

/** Changes a file of a checkout. @throws Error if the file stays the same */
export async function edit(file: string, change: (text: string) => string): Promise<void> {
  const before = await readFile(file, "utf8");
  const after = change(before);
  if (after === before) throw new Error(`the change left ${file} as it was`);
  await writeFile(file, after);
}
