import { dateRange, dayCount, lastEndedDay, START_END } from "@building-vitals/core/backfill/date-range";
import { Problem } from "@building-vitals/core/domain/problem";
import { parseBody } from "@building-vitals/core/http/parse-body";
import { describe } from "@building-vitals/core/http/openapi";
import { logError } from "@building-vitals/core/telemetry/log";
import { Hono } from "hono";
import { z } from "zod";
import { importSchema, importStartedSchema } from "../answers.ts";
import { type Env, type Settings, requireAdmin, settingsOf } from "../env.ts";
import { startInstance } from "../instance-params.ts";
import { rangeBodySchema } from "../range-body.ts";
import { sitesOf } from "../sites.ts";

/** Most days of an import. D1 holds 10 GB, and a full day takes 80 MB. */
const MAX_DAYS = 31;

const bodySchema = rangeBodySchema
  .omit({ sites: true })
  .extend({ site: z.string({ error: "must name a site" }).min(1) });

/** Maps an instance's status to that of an import. */
function importStatus(status: InstanceStatus["status"]): "in_progress" | "completed" | "cancelled" | "failed" {
  switch (status) {
    case "complete":
      return "completed";
    case "errored":
      return "failed";
    case "terminated":
      return "cancelled";
    case "queued":
    case "running":
    case "paused":
    case "waiting":
    case "waitingForPause":
    case "rollingBack":
    case "unknown":
      return "in_progress";
  }
}

const described = describe({
  summary: "Loads a site's day files into the hot level",
  access: "write",
  body: bodySchema,
  answers: { 202: { description: "The import has begun", content: { "application/json": importStartedSchema } } },
  problems: ["invalid_request", "body_too_large", "unknown_site", "span_too_long"],
});

const describedResult = describe({
  summary: "The state of an import",
  access: "open",
  path: { id: "`import_id` of the answer that started it" },
  answers: { 200: { description: "Its state", content: { "application/json": importSchema } } },
  problems: ["not_found", "engine_unavailable"],
});

/** The engine's status of an import. @throws {Problem} `not_found`, `engine_unavailable` */
async function readImport(workflow: Settings["BACKFILL"], id: string): Promise<InstanceStatus> {
  try {
    const instance = await workflow.get(id);
    return await instance.status();
  } catch (error) {
    // The engine's code is the whole message or a part of it.
    if (error instanceof Error && /\binstance\.not_found\b/.test(error.message)) {
      throw new Problem("not_found", `There is no import ${id}.`);
    }
    logError("engine_unavailable", error, { importId: id });
    throw new Problem(
      "engine_unavailable",
      `The state of the import ${id} is unknown, because the engine did not answer. Try again in a moment.`,
    );
  }
}

/**
 * `POST /backfill/import-to-d1`: loads a site's day files into the hot level. Samples that are already hot stay. `GET
 * /backfill/import-to-d1/{import_id}`: its state.
 */
export const importRoute = new Hono<{ Bindings: Env }>()
  .post("/backfill/import-to-d1", described, requireAdmin, async (context) => {
    const settings = settingsOf(context.env);
    const body = await parseBody(context.req.raw, bodySchema);
    const range = dateRange(body.start_date, body.end_date, lastEndedDay(Date.now()), START_END);
    if (dayCount(range) > MAX_DAYS) {
      throw new Problem("span_too_long", `end_date: an import can have at most ${MAX_DAYS} days.`, "end_date");
    }
    const [found] = await sitesOf(settings, [body.site], "site");
    if (found === undefined) throw new Problem("unknown_site", "There is no such site.", "site");
    const importId = `import_${Math.floor(Date.now() / 1000)}_${crypto.randomUUID().slice(0, 6)}`;
    const site = { id: found.id, name: found.name };
    await startInstance(settings.BACKFILL, { kind: "import", importId, site, ...range });
    const { start_date, end_date } = body;
    const started = { status: "started", import_id: importId, start_date, end_date, days: dayCount(range) };
    return context.json(started, 202, { "cache-control": "no-store" });
  })
  .get("/backfill/import-to-d1/:id{import_\\d+_[0-9a-f]+}", describedResult, async (context) => {
    const id = context.req.param("id");
    const { status, output, error } = await readImport(settingsOf(context.env).BACKFILL, id);
    const result: unknown = output ?? null;
    const answer = { status: importStatus(status), import_id: id, result, reason: error?.message ?? null };
    return context.json(answer, 200, { "cache-control": "no-store" });
  });
