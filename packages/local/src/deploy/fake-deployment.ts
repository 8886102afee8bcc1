import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { type FakeAccount, fakeAccountSchema } from "./fake-account.ts";
import { DEPLOY_ORDER } from "./wanted.ts";

const ROOT = fileURLToPath(new URL("../../../..", import.meta.url));
const FAKE = fileURLToPath(new URL("fake-wrangler.ts", import.meta.url));

const checks = (detail: string, ok: boolean) => ({ settings: { ok: true, detail: "valid" }, schema: { ok, detail } });

/** What `/health` answers: of the version that was deployed last. */
export type FakeHealth = (version: string) => { readonly status: number; readonly body: unknown };

export const well: FakeHealth = (version) => ({
  status: 200,
  body: { status: "ok", version, checks: checks("version 5", true) },
});

/** Answers that the schema is not what a Worker needs. */
export const ill: FakeHealth = (version) => ({
  status: 503,
  body: { status: "failing", version, checks: checks("the database has schema version 4", false) },
});

/** What a run of the command came to, and what it called wrangler for. */
export interface DeployRun {
  readonly code: number;
  readonly output: string;
  readonly calls: readonly string[];
}

/** For tests: `npm run deploy` over an account that a fake wrangler acts on, and Workers that answer for their health. */
export class FakeDeployment {
  health: FakeHealth = well;
  readonly url: string;
  readonly folder: string;
  readonly #server: Server;

  private constructor(server: Server, url: string, folder: string) {
    this.#server = server;
    this.url = url;
    this.folder = folder;
  }

  static async start(): Promise<FakeDeployment> {
    const folder = await mkdtemp(join(tmpdir(), "building-vitals-deploy-"));
    const wrapper = join(folder, "wrangler");
    await writeFile(wrapper, `#!/bin/sh\nexec '${process.execPath}' '${FAKE}' "$@"\n`);
    await chmod(wrapper, 0o755);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = z.object({ port: z.int() }).parse(server.address());
    const deployment = new FakeDeployment(server, `http://127.0.0.1:${port}`, folder);
    server.on("request", (_, response) => {
      const { status, body } = deployment.health(deployment.#newest());
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
    return deployment;
  }

  async close(): Promise<void> {
    this.#server.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  #newest(): string {
    const versions = Object.values(this.account().workers).flatMap(({ version }) =>
      version === null ? [] : [version],
    );
    return versions.sort((a, b) => Number(a.slice(1)) - Number(b.slice(1))).at(-1) ?? "none";
  }

  #stateFile(): string {
    return join(this.folder, "account.json");
  }

  account(): FakeAccount {
    return fakeAccountSchema.parse(JSON.parse(readFileSync(this.#stateFile(), "utf8")));
  }

  async given(state: Partial<FakeAccount>): Promise<void> {
    const whole = fakeAccountSchema.parse({ url: this.url, ...state });
    await writeFile(this.#stateFile(), JSON.stringify(whole));
  }

  /** Runs the command. @param args its own @param root the checkout that it is run in */
  async deploy(args: readonly string[], root = ROOT): Promise<DeployRun> {
    const callsFile = join(this.folder, "calls");
    await writeFile(callsFile, "");
    const env = {
      ...process.env,
      WRANGLER: join(this.folder, "wrangler"),
      STATE_DIR: this.folder,
      FAKE_WRANGLER_STATE: this.#stateFile(),
      FAKE_WRANGLER_CALLS: callsFile,
    };
    const command = join(root, "packages/local/src/deploy.ts");
    const { code, output } = await new Promise<{ code: number; output: string }>((resolve) => {
      execFile(process.execPath, [command, ...args], { env }, (error, stdout, stderr) => {
        resolve({ code: typeof error?.code === "number" ? error.code : 0, output: stdout + stderr });
      });
    });
    const calls = (await readFile(callsFile, "utf8")).trim().split("\n");
    // where the resolved wrangler files are is of no interest
    return { code, output, calls: calls.map((call) => call.replace(/ -c \S*\//, " -c ")) };
  }

  /** A checkout to change: what the command needs of this one, with its wrangler files and migrations. */
  async checkout(): Promise<string> {
    const root = await mkdtemp(join(this.folder, "checkout-"));
    const local = "packages/local";
    await mkdir(join(root, local), { recursive: true });
    await cp(join(ROOT, local, "src"), join(root, local, "src"), { recursive: true });
    await cp(join(ROOT, local, "package.json"), join(root, local, "package.json"));
    await symlink(join(ROOT, local, "node_modules"), join(root, local, "node_modules"));
    await cp(join(ROOT, "migrations"), join(root, "migrations"), { recursive: true });
    for (const worker of DEPLOY_ORDER) await cp(join(ROOT, wranglerFile(worker)), join(root, wranglerFile(worker)));
    return root;
  }
}

export function wranglerFile(worker: string): string {
  return `wrangler.${worker}.toml`;
}

const READS =
  /^(whoami|d1 (list|execute)|kv namespace list|r2 bucket lifecycle list|secret list|deployments|deploy .*--dry-run)/;

/** The calls that change something. */
export function changes({ calls }: Pick<DeployRun, "calls">): string[] {
  return calls.filter((call) => !READS.test(call));
}

/** The calls that deploy the three Workers to staging, in their order. */
export const STAGING_DEPLOYS = DEPLOY_ORDER.map((worker) => `deploy --env staging -c wrangler.${worker}.json`);
