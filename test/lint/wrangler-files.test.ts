import { readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { DEPLOY_ORDER, readWranglerFile } from "@building-vitals/local/deploy/wanted";
import { WORKER_SECRETS } from "@building-vitals/local/deploy/worker-secrets";
import { envModuleSchema } from "@building-vitals/local/worker-env";
import { readWorkerFile } from "@building-vitals/local/worker-file";
import { describe, expect, test } from "vitest";
import { z } from "zod";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const ENVIRONMENTS = ["staging", "production"] as const;
const tableSchema = z.record(z.string(), z.unknown());

/** Settings that an environment inherits from the top of a file unless it sets them. */
const INHERITED = new Set([
  "main",
  "compatibility_date",
  "compatibility_flags",
  "observability",
  "limits",
  "placement",
  "assets",
  "build",
  "env",
]);

/** Names that differ by environment. Without the environment's suffix they are equal. */
function withoutEnvironment(value: unknown, environment: string): unknown {
  const own = (key: string, inner: unknown) => {
    // Each environment has its own namespace of failed logins.
    if (key === "namespace_id") return "";
    return typeof inner === "string" ? inner.replace(new RegExp(`-${environment}$`), "") : inner;
  };
  return JSON.parse(JSON.stringify(value, own));
}

describe.each(DEPLOY_ORDER)("wrangler.%s.toml", (worker) => {
  const top = tableSchema.parse(readWranglerFile(ROOT, worker));
  const text = readFileSync(`${ROOT}/wrangler.${worker}.toml`, "utf8");
  const environments = tableSchema.parse(top["env"]);
  const ofTop = Object.fromEntries(Object.entries(top).filter(([key]) => !INHERITED.has(key)));

  test("has both environments, and neither sets an inherited key", () => {
    expect(Object.keys(environments)).toEqual([...ENVIRONMENTS]);
    for (const environment of ENVIRONMENTS) {
      const keys = Object.keys(tableSchema.parse(environments[environment]));
      expect(keys.filter((key) => INHERITED.has(key))).toEqual([]);
    }
  });

  test("every environment answers at workers.dev and publishes no preview URLs", () => {
    for (const place of [top, ...ENVIRONMENTS.map((environment) => tableSchema.parse(environments[environment]))]) {
      expect([place["workers_dev"], place["preview_urls"]]).toEqual([true, false]);
    }
  });

  test.each(ENVIRONMENTS)("%s repeats the bindings, variables and crons, under its own names", (environment) => {
    const { vars, ...rest } = tableSchema.parse(environments[environment]);
    const { vars: varsOfTop, ...restOfTop } = ofTop;
    expect(withoutEnvironment(rest, environment)).toEqual(withoutEnvironment(restOfTop, environment));
    // The top is for this machine, where the API is the simulator.
    const api = { ACE_API_BASE_URL: "" };
    expect({ ...tableSchema.parse(vars), ...api }).toEqual({ ...tableSchema.parse(varsOfTop), ...api });
  });

  test("no two environments share a database, bucket, Worker or login limiter", () => {
    const names = ENVIRONMENTS.map((environment) => JSON.stringify(environments[environment]));
    for (const [i, environment] of ENVIRONMENTS.entries()) {
      const other = ENVIRONMENTS[1 - i]!;
      expect(names[i]).not.toContain(`-${other}"`);
      expect(names[i]).toContain(`"building-vitals-${environment}"`);
    }
    const counted = [top, ...ENVIRONMENTS.map((environment) => environments[environment])].map((one) => {
      const schema = z.object({ ratelimits: z.tuple([z.object({ namespace_id: z.string() })]) });
      return schema.parse(one).ratelimits[0].namespace_id;
    });
    expect(new Set(counted).size).toBe(3);
  });

  test("the file declares each setting that the Worker reads, or names it on top", async () => {
    const { declared } = await readWorkerFile(worker);
    const { required, optional } = WORKER_SECRETS[worker];
    const known = new Set([...Object.keys(declared.bindings), ...required, ...optional]);
    const read = new Set<string>();
    const env = new Proxy({}, { get: (_, name) => void read.add(String(name)) });
    const module: unknown = await import(pathToFileURL(`${ROOT}workers/${worker}/src/env.ts`).href);
    expect(() => envModuleSchema.parse(module).settingsOf(env)).toThrow("is not");
    const undeclared = [...read].filter((name) => !known.has(name) && !text.includes(`binding = "${name}"`));
    // Settings of local runs only, and names of a limiter's and a site's database binding.
    expect(undeclared.filter((name) => name !== "LOCAL_RUN" && !text.includes(`name = "${name}"`))).toEqual([]);
    expect(read.size).toBeGreaterThan(5);
  });

  test("no environment has what is for local runs only", () => {
    expect(text).not.toMatch(/LOCAL_RUN|CLOCK_OFFSET_SECONDS/);
  });

  test("logs are kept; CPU and subrequest limits fit a cron of 30 s", () => {
    const schema = z.object({
      observability: z.object({ enabled: z.literal(true) }),
      limits: z.strictObject({ cpu_ms: z.int().min(30_000).max(300_000), subrequests: z.int().max(10_000_000) }),
    });
    expect(schema.safeParse(top).error).toBeUndefined();
  });

  test("each variable has a comment before it, and the head names each secret", () => {
    const vars = text
      .slice(text.indexOf("\n[vars]\n"), text.indexOf("\n\n", text.indexOf("\n[vars]\n")))
      .trim()
      .split("\n");
    const bare = vars.filter((line, i) => /^\w+ = /.test(line) && !/^(#|ACCESS_)/.test(vars[i - 1] ?? ""));
    expect(bare).toEqual([]);
    const head = text.slice(0, text.indexOf("\nname = "));
    const told = [...head.matchAll(/^# {3}([A-Z_]+) /gm)].map(([, name]) => name);
    const { required, optional } = WORKER_SECRETS[worker];
    expect(told).toEqual([...required, ...optional]);
  });
});

/** Longest run of a cron on Cloudflare, and time between two syncs, in minutes. */
const CRON_MINUTES = 15;
const SYNC_MINUTES = 5;

test("the daily run begins after hourly runs have ended, right after a sync", () => {
  const { triggers } = z
    .object({ triggers: z.object({ crons: z.tuple([z.string(), z.string(), z.string()]) }) })
    .parse(readWranglerFile(ROOT, "etl"));
  const [sync, hourly, daily] = triggers.crons;
  const minuteOf = (cron: string) => Number(/^(\d+) /.exec(cron)?.[1]);
  expect(sync).toBe(`*/${SYNC_MINUTES} * * * *`);
  expect(minuteOf(daily)).toBeGreaterThanOrEqual(minuteOf(hourly) + CRON_MINUTES);
  expect(minuteOf(daily) % SYNC_MINUTES).toBe(1);
});
