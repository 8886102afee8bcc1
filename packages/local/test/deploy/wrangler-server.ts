import { mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Module } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { argv, exit, stderr, stdin, stdout } from "node:process";
import { text } from "node:stream/consumers";
import { z } from "zod";

const commandSchema = z.object({
  args: z.array(z.string()),
  folder: z.string(),
  env: z.record(z.string(), z.string()),
});
type Command = z.infer<typeof commandSchema>;

interface WranglerCli {
  readonly main: (args: readonly string[]) => Promise<void>;
  /** wrangler reads the report file from the environment once; this reads it for each command. */
  readonly forgetReportFile: () => void;
}

/** Loads wrangler's own file, because its commands are not exported. */
function loadWrangler(file: string): WranglerCli {
  const source = `${readFileSync(file, "utf8")}
exports.main = main;
exports.forgetReportFile = () => (outputFilePath = undefined);
`;
  const loaded = new Module(file);
  loaded.filename = file;
  loaded.paths = Reflect.apply(Reflect.get(Module, "_nodeModulePaths"), Module, [file]);
  Reflect.apply(Reflect.get(loaded, "_compile"), loaded, [source, file]);
  return loaded.exports;
}

const output = { stdout: "", stderr: "" };

/** Collects later output in {@link output}. */
function capture(): void {
  stdout.write = (chunk: string | Uint8Array) => ((output.stdout += String(chunk)), true);
  stderr.write = (chunk: string | Uint8Array) => ((output.stderr += String(chunk)), true);
}

/** Runs a command like a process of its own. */
async function run(wrangler: WranglerCli, command: Command) {
  process.chdir(command.folder);
  process.env = command.env;
  argv.splice(2, argv.length, ...command.args);
  wrangler.forgetReportFile();
  Object.assign(output, { stdout: "", stderr: "" });
  process.exitCode = 0;
  try {
    await wrangler.main(command.args);
    return { code: process.exitCode, ...output };
  } catch {
    return { code: 1, ...output };
  }
}

// Runs wrangler commands one after another. Prints its port, and ends with its stdin. The developer's own login and
// settings must not matter.
// @param argv[2] wrangler's file
const home = mkdtempSync(join(tmpdir(), "building-vitals-wrangler-home-"));
process.env["HOME"] = home;
const wrangler = loadWrangler(realpathSync(argv[2] ?? ""));
let last: Promise<unknown> = Promise.resolve();
async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const command = commandSchema.parse(JSON.parse(await text(request)));
  const ended = last.then(() => run(wrangler, command));
  last = ended;
  response.end(JSON.stringify(await ended));
}
const server = createServer((request, response) => void answer(request, response));
const portSchema = z.object({ port: z.int() });
server.listen(0, "127.0.0.1", () => {
  stdout.write(`${portSchema.parse(server.address()).port}\n`);
  capture();
});
stdin.resume().on("end", () => {
  rmSync(home, { recursive: true, force: true });
  exit();
});
