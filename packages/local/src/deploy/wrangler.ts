import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { z } from "zod";
import { parseJson } from "../parse-json.ts";

/** What wrangler reports of itself in WRANGLER_OUTPUT_FILE_PATH, a JSON object a line; those that are read here. */
const deployedSchema = z.object({
  type: z.literal("deploy"),
  version_id: z.string().nullable(),
  targets: z.array(z.string()).default([]),
});
const failedSchema = z.object({ type: z.literal("command-failed"), message: z.string() });
const reportSchema = z.union([deployedSchema, failedSchema, z.object({ type: z.string() })]);
export type Deployed = z.infer<typeof deployedSchema>;

/** What a wrangler command came to. */
interface WranglerRun {
  readonly code: number;
  readonly stdout: string;
  /** what it says went wrong; of a command that did not fail, nothing in particular */
  readonly complaint: string;
  readonly reports: readonly z.infer<typeof reportSchema>[];
}

/** A wrangler command that failed. Its text is wrangler's own; it holds no secret, for none is handed to it. */
export class WranglerFailed extends Error {
  override readonly name = "WranglerFailed";

  constructor(args: readonly string[], complaint: string) {
    super(`wrangler ${args.join(" ")}\n${complaint}`);
  }
}

/** The wrangler of this repository, as a child process that is never asked a question and never asks one. */
export class Wrangler {
  readonly #executable: string;
  readonly #folder: string;

  /** @param folder in which it runs */
  constructor(executable: string, folder: string) {
    this.#executable = executable;
    this.#folder = folder;
  }

  /** Runs a command, whatever comes of it. @throws Error where wrangler cannot be started */
  async attempt(args: readonly string[]): Promise<WranglerRun> {
    const scratch = await mkdtemp(join(tmpdir(), "building-vitals-wrangler-"));
    const reportFile = join(scratch, "report.ndjson");
    try {
      const { code, stdout, stderr } = await this.#spawn(args, reportFile);
      const reports = await readReports(reportFile);
      const failed = reports.flatMap((report) => failedSchema.safeParse(report).data ?? []).at(-1);
      return { code, stdout, complaint: [failed?.message, stderr.trim(), stdout.trim()].find(Boolean) ?? "", reports };
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

  /** The JSON that a command prints. @throws {WranglerFailed} also where it is not what it should be */
  async json<S extends z.ZodType>(schema: S, args: readonly string[]): Promise<z.output<S>> {
    const { stdout } = await this.run(args);
    const parsed = schema.safeParse(parseJson(stdout));
    if (!parsed.success) throw new WranglerFailed(args, `an answer that is not understood:\n${stdout.slice(0, 500)}`);
    return parsed.data;
  }

  #spawn(args: readonly string[], reportFile: string): Promise<{ code: number; stdout: string; stderr: string }> {
    const env = {
      ...process.env,
      WRANGLER_OUTPUT_FILE_PATH: reportFile,
      WRANGLER_SEND_METRICS: "false",
      // nor ask the registry for a newer one
      WRANGLER_HIDE_BANNER: "true",
      NO_COLOR: "1",
      FORCE_COLOR: "0",
    };
    return new Promise((resolve, reject) => {
      const child = spawn(this.#executable, args, { cwd: this.#folder, env, stdio: ["ignore", "pipe", "pipe"] });
      const output = { stdout: "", stderr: "" };
      child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
      child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
      child.on("error", (cause) => reject(new Error("wrangler could not be started: npm run setup", { cause })));
      child.on("close", (code) => {
        const stdout = stripVTControlCharacters(output.stdout);
        resolve({ code: code ?? 1, stdout, stderr: stripVTControlCharacters(output.stderr) });
      });
    });
  }
}

/** The version and addresses of what a `deploy` put up. @throws {WranglerFailed} where it does not say */
export function deployedIn(args: readonly string[], { reports }: WranglerRun): Deployed {
  const deployed = reports.flatMap((report) => deployedSchema.safeParse(report).data ?? []).at(-1);
  if (deployed === undefined) throw new WranglerFailed(args, "it does not say what it deployed");
  return deployed;
}

async function readReports(file: string): Promise<z.infer<typeof reportSchema>[]> {
  const text = await readFile(file, "utf8").catch(() => "");
  return text.split("\n").flatMap((line) => reportSchema.safeParse(parseJson(line)).data ?? []);
}
