import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { z } from "zod";
import { parseJson } from "../parse-json.ts";

/** The JSON lines of WRANGLER_OUTPUT_FILE_PATH that matter here. */
const deployedSchema = z.object({
  type: z.literal("deploy"),
  version_id: z.string().nullable(),
  targets: z.array(z.string()).default([]),
});
const reportSchema = z.union([deployedSchema, z.object({ type: z.string() })]);
export type Deployed = z.infer<typeof deployedSchema>;

interface WranglerRun {
  readonly code: number;
  readonly stdout: string;
  /** its error output, with the error codes of Cloudflare's API; if empty, its output */
  readonly complaint: string;
  readonly reports: readonly z.infer<typeof reportSchema>[];
}

/** A failed wrangler command, with wrangler's own text. wrangler gets no secret, so the text has none. */
export class WranglerFailed extends Error {
  override readonly name = "WranglerFailed";
  /** error codes of Cloudflare's API in wrangler's text */
  readonly codes: readonly number[];

  constructor(args: readonly string[], complaint: string) {
    super(`wrangler ${args.join(" ")}\n${complaint}`);
    this.codes = [...complaint.matchAll(/\[code: (\d+)\]/g)].map(([, code]) => Number(code));
  }
}

/** This repository's wrangler as a child process without stdin, so that it never asks a question. */
export class Wrangler {
  readonly #executable: string;
  readonly #folder: string;
  readonly #env: NodeJS.ProcessEnv;

  /** @param folder its working directory */
  constructor(executable: string, folder: string, env: NodeJS.ProcessEnv) {
    this.#executable = executable;
    this.#folder = folder;
    this.#env = env;
  }

  /** Fixes the account, so that wrangler does not ask for it. */
  forAccount(id: string): Wrangler {
    return new Wrangler(this.#executable, this.#folder, { ...this.#env, CLOUDFLARE_ACCOUNT_ID: id });
  }

  /** Runs a command; `code` tells a failure. @throws Error if wrangler cannot be started */
  async attempt(args: readonly string[]): Promise<WranglerRun> {
    const scratch = await mkdtemp(join(tmpdir(), "building-vitals-wrangler-"));
    const reportFile = join(scratch, "report.ndjson");
    try {
      const { code, stdout, stderr } = await this.#spawn(args, reportFile);
      const reports = await readReports(reportFile);
      return { code, stdout, complaint: [stderr.trim(), stdout.trim()].find(Boolean) ?? "", reports };
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }

  /** @throws {WranglerFailed} */
  async run(args: readonly string[]): Promise<WranglerRun> {
    const run = await this.attempt(args);
    if (run.code !== 0) throw new WranglerFailed(args, run.complaint);
    return run;
  }

  #spawn(args: readonly string[], reportFile: string): Promise<{ code: number; stdout: string; stderr: string }> {
    const env = {
      ...this.#env,
      WRANGLER_OUTPUT_FILE_PATH: reportFile,
      WRANGLER_SEND_METRICS: "false",
      // without a banner wrangler does not ask the registry for a newer version
      WRANGLER_HIDE_BANNER: "true",
      NO_COLOR: "1",
      FORCE_COLOR: "0",
    };
    return new Promise((resolve, reject) => {
      const child = spawn(this.#executable, args, { cwd: this.#folder, env, stdio: ["ignore", "pipe", "pipe"] });
      const output = { stdout: "", stderr: "" };
      child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
      child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
      child.on("error", (cause) => reject(new Error("wrangler could not be started. Run npm run setup.", { cause })));
      child.on("close", (code) => {
        const stdout = stripVTControlCharacters(output.stdout);
        resolve({ code: code ?? 1, stdout, stderr: stripVTControlCharacters(output.stderr) });
      });
    });
  }
}

/** The version and addresses of a `deploy`. @throws {WranglerFailed} if wrangler reports none */
export function deployedIn(args: readonly string[], { reports }: WranglerRun): Deployed {
  const deployed = reports.flatMap((report) => deployedSchema.safeParse(report).data ?? []).at(-1);
  if (deployed === undefined) throw new WranglerFailed(args, "wrangler reported no deployment");
  return deployed;
}

async function readReports(file: string): Promise<z.infer<typeof reportSchema>[]> {
  const text = await readFile(file, "utf8").catch(() => "");
  return text.split("\n").flatMap((line) => reportSchema.safeParse(parseJson(line)).data ?? []);
}
