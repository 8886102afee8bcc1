import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { createBuilding } from "@building-vitals/ace-simulator/building";
import { afterAll, beforeAll, expect, it } from "vitest";
import { deploy, type Deployment, syncToThePresent } from "./deployment.ts";

const COMMAND = fileURLToPath(new URL("../../packages/local/src/backfill.ts", import.meta.url));
const DAY_MS = 86_400_000;
const NOW = Date.now();
const dayBefore = (days: number) => new Date(NOW - days * DAY_MS).toISOString().slice(0, 10);

let deployment: Deployment;
beforeAll(async () => {
  const source = createBuilding({ seed: 8, site: "ses_falls_city", timezone: "America/Chicago", points: 12 });
  deployment = await deploy(source, { INITIAL_LOOKBACK_HOURS: "1", REQUESTS_PER_MINUTE: "60000" });
  await syncToThePresent(deployment);
});
afterAll(() => deployment?.close());

/** Runs `npm run backfill -- …` against the deployment. */
function backfill(...args: string[]): Promise<{ code: number; output: string }> {
  const all = [COMMAND, "--url", deployment.urls.backfill, "--token", "test-admin", ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, all, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, output: stdout + stderr });
    });
  });
}

it("plans, starts, shows progress, and exits with the backfill", async () => {
  const { code, output } = await backfill("--from", dayBefore(4), "--to", dayBefore(2), "--watch");
  expect(output).toMatch(/plan {5}3 days\n {9}\d+ requests/);
  expect(output).toMatch(/started {2}backfill_\d+_\w+/);
  expect(output).toMatch(/100\.00% {2}3 of 3 days/);
  expect(output).toMatch(/done {5}3 of 3 days, [\d,]+ samples, in \d+ s\n$/);
  // no progress drawing without a terminal
  for (const drawing of ["\r", "\u001b", "#"]) expect(output).not.toContain(drawing);
  expect(output).not.toContain("FAILED");
  expect(code).toBe(0);
});

it("--plan starts nothing", async () => {
  const { code, output } = await backfill("--from", dayBefore(6), "--to", dayBefore(2), "--plan");
  expect(output).toMatch(/plan {5}2 days, 3 more are there already/);
  expect(output).not.toContain("started");
  expect(code).toBe(0);
});

it("counts the finished days that --force fetches again", async () => {
  const { output } = await backfill("--from", dayBefore(4), "--to", dayBefore(2), "--plan", "--force");
  expect(output).toMatch(/plan {5}3 days\n/);
});

it("--retry-failed exits with 0 without failed days", async () => {
  const { code, output } = await backfill("--retry-failed");
  expect(output).toBe("No day has failed.\n");
  expect(code).toBe(0);
});

it("exits with 2 while a backfill runs, --queue waits, --cancel ends both", async () => {
  const days = ["--from", dayBefore(40), "--to", dayBefore(10)];
  expect((await backfill(...days)).code).toBe(0);
  const { code, output } = await backfill(...days);
  expect(output).toContain("A backfill is in progress");
  expect(output).toContain(`npm run backfill -- --watch --url ${deployment.urls.backfill}`);
  expect(code).toBe(2);
  const queued = await backfill("--from", dayBefore(50), "--to", dayBefore(41), "--queue");
  expect(queued.output).toMatch(/queued {3}backfill_\d+_\w+, at position 1: it starts by itself\n$/);
  expect(queued.code).toBe(0);
  const cancelled = await backfill("--cancel", "--queue");
  expect(cancelled.output).toMatch(
    /cancelled backfill_\w+, which was queued\ncancelled backfill_\w+: \d+ days are done; /,
  );
  expect(cancelled.code).toBe(0);
  const nothing = await backfill("--cancel");
  expect(nothing.output).toBe("No backfill is in progress.\n");
  expect(nothing.code).toBe(1);
});

it.each([
  [["--watch", "--url", "http://127.0.0.1:1"], "Nothing answers at http://127.0.0.1:1."],
  [["--watch", "--url", "local"], "--url"],
  [["--from", "2026-02-30", "--to", "2026-03-01"], "--from: must be a day"],
  [["--from", "2026-03-01"], "Give both --from and --to."],
  [["--form", "2026-03-01"], "--form"],
  [["--cancel", "--watch"], "--cancel takes no --watch."],
  [["--retry-failed", "--force"], "--retry-failed takes no --force."],
  [["--from", "2026-03-01", "--to", "2026-03-02", "--token", "wrong"], "refuses the token"],
])("refuses %j with one sentence", async (args, message) => {
  const { code, output } = await backfill(...args);
  expect(code).toBe(2);
  expect(output).toContain(message);
  expect(output).not.toContain("    at ");
});
