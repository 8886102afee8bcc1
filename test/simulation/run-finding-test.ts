import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import type { FindingTest } from "./mutation.ts";
import { PLANTED_FAULT } from "./plant-into-tests.ts";

const ROOT = join(import.meta.dirname, "../..");

const reportSchema = z.object({
  testResults: z.array(
    z.object({
      message: z.string().optional(),
      assertionResults: z.array(
        z.object({ fullName: z.string(), status: z.string(), failureMessages: z.array(z.string()) }),
      ),
    }),
  ),
});

/**
 * Runs one test with a fault planted, in its own process.
 * @param fault null: no fault
 * @returns the first line of its failure; null if it passes
 * @throws {Error} if the test did not run: no test has the title, or its file cannot be loaded
 */
export async function runFindingTest(
  { project, file, title }: FindingTest,
  fault: string | null,
): Promise<string | null> {
  const folder = await mkdtemp(join(tmpdir(), "finding-test-"));
  try {
    const report = join(folder, "report.json");
    const pattern = title.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`);
    const where = ["--project", project, join(ROOT, file), "--testNamePattern", pattern];
    const output = await runVitest([...where, "--reporter=json", `--outputFile=${report}`], fault);
    const text = await readFile(report, "utf8").catch(() => null);
    const results = text === null ? [] : reportSchema.parse(JSON.parse(text)).testResults;
    const ran = results
      .flatMap(({ assertionResults }) => assertionResults)
      .filter(({ status, fullName }) => fullName.endsWith(title) && (status === "passed" || status === "failed"));
    const [test] = ran;
    if (test === undefined || ran.length > 1) {
      const cause = results.map(({ message }) => message ?? "").join("\n") || output;
      throw new Error(`${file}: ${ran.length} tests named "${title}" ran, expected 1: ${cause.trim()}`);
    }
    return test.status === "passed" ? null : (test.failureMessages[0] ?? "").split("\n")[0]!;
  } finally {
    await rm(folder, { recursive: true });
  }
}

function runVitest(args: readonly string[], fault: string | null): Promise<string> {
  return new Promise((resolve, reject) => {
    // In CI the configuration names a report, which this run would overwrite.
    const env = { ...process.env, CI: "", [PLANTED_FAULT]: fault ?? "" };
    const child = spawn(join(ROOT, "node_modules/.bin/vitest"), ["run", ...args], { cwd: ROOT, env });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data: Buffer) => (output += data.toString()));
    child.on("error", reject);
    child.on("close", () => resolve(output));
  });
}
