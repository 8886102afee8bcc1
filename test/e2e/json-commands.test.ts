import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { z } from "zod";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

it("npm run costs -- --json prints nothing but JSON", async () => {
  // The command would inherit the npm settings of the surrounding `npm test`.
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("npm_"));
  const options = { cwd: ROOT, env: Object.fromEntries(inherited) };
  const { stdout } = await promisify(execFile)("npm", ["run", "costs", "--", "--json"], options);
  const report = z.object({ deployment: z.object({ points: z.int() }) }).parse(JSON.parse(stdout));
  expect(report.deployment.points).toBe(4583);
});
