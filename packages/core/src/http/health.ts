import { z } from "zod";
import { Problem } from "../domain/problem.ts";
import { type Databases, eachDatabase } from "../d1/site-databases.ts";
import { MAIN_DATABASE } from "../domain/site.ts";
import { readSchemaVersion, SCHEMA_VERSION } from "../d1/schema-version.ts";
import { describe } from "./openapi.ts";

const healthSchema = z.strictObject({
  status: z.enum(["ok", "failing"]),
  version: z.string().nullable().meta({ description: "the deployed version's id; null where it is not deployed" }),
  checks: z.record(z.string(), z.strictObject({ ok: z.boolean(), detail: z.string() })),
});

/** The answer of `GET /health`: 200 if every check passes, else 503. */
type Health = z.infer<typeof healthSchema>;

/** `GET /health` of every Worker. */
export const healthOperation = describe({
  summary: "Whether this Worker can do its work",
  access: "open",
  answers: {
    200: { description: "Every check is well", content: { "application/json": healthSchema } },
    503: { description: "A check has failed", content: { "application/json": healthSchema } },
  },
  problems: [],
});

/** The version binding of every deployed Worker. */
const deployedSchema = z.object({ CF_VERSION_METADATA: z.object({ id: z.string() }) });

/** The deployed version's id; null where the Worker is not deployed. @param env a Worker's bindings, unchecked */
export function deployedVersion(env: unknown): string | null {
  return deployedSchema.safeParse(env).data?.CF_VERSION_METADATA.id ?? null;
}

/**
 * Runs the checks that every Worker needs.
 * @param env the Worker's bindings, unchecked
 * @param settingsOf parses the Worker's environment; throws a {@link Problem} that names the invalid setting
 */
export async function healthResponse(
  env: Readonly<Record<string, unknown>>,
  settingsOf: () => Databases,
): Promise<Response> {
  const checks: Health["checks"] = {};
  try {
    const databases = eachDatabase(settingsOf());
    checks["settings"] = { ok: true, detail: "valid" };
    const found = await Promise.all(databases.map(([, db]) => checkSchema(db)));
    for (const [i, [binding]] of databases.entries()) {
      checks[binding === MAIN_DATABASE ? "schema" : `schema of ${binding}`] = found[i]!;
    }
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    checks["settings"] = { ok: false, detail: error.message };
  }
  const ok = Object.values(checks).every((check) => check.ok);
  // A failing Worker reports its version too, which shows whether a new version fails.
  const health: Health = { status: ok ? "ok" : "failing", version: deployedVersion(env), checks };
  return Response.json(health, { status: ok ? 200 : 503, headers: { "cache-control": "no-store" } });
}

async function checkSchema(db: D1Database): Promise<Health["checks"][string]> {
  try {
    const version = await readSchemaVersion(db);
    if (version === SCHEMA_VERSION) return { ok: true, detail: `version ${version}` };
    const found = version === null ? "has no schema" : `has schema version ${version}`;
    return { ok: false, detail: `the database ${found}, this code needs ${SCHEMA_VERSION}: apply the migrations` };
  } catch {
    return { ok: false, detail: "the database did not answer" };
  }
}
