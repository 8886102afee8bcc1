import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const SERVER = fileURLToPath(new URL("wrangler-server.ts", import.meta.url));

let port: Promise<number> | undefined;

/**
 * Starts a process that runs wrangler's commands for all checkouts of a test file, and ends with the file. Loading
 * wrangler takes 2 s of CPU, most commands less than 1 s. @param cli wrangler's file @returns its port
 */
export function keptWrangler(cli: string): Promise<number> {
  return (port ??= start(cli));
}

async function start(cli: string): Promise<number> {
  const child = spawn(process.execPath, ["--no-warnings", SERVER, cli], { stdio: ["pipe", "pipe", "inherit"] });
  const died = once(child, "exit").then(() => {
    throw new Error("the process that runs wrangler ended");
  });
  const [line] = await Promise.race([once(child.stdout, "data"), died]);
  child.unref();
  return Number(String(line));
}

/** A program that runs wrangler in that process. @param exits JavaScript that exits early for some `args` */
export function wranglerClient(serverPort: number, exits: string): string {
  return `#!${process.execPath}
const args = process.argv.slice(2);
${exits}
const request = require("node:http").request({ host: "127.0.0.1", port: ${serverPort}, method: "POST" }, async (response) => {
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += chunk;
  const { code, stdout, stderr } = JSON.parse(text);
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  process.exitCode = code;
});
request.end(JSON.stringify({ args, folder: process.cwd(), env: process.env }));
`;
}
