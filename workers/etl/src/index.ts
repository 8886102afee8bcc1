import { healthResponse } from "@building-vitals/core/http/health";
import { onError, onNotFound } from "@building-vitals/core/http/problem-response";
import { Hono } from "hono";
import { runCron } from "./cron.ts";
import { type Env, settingsOf } from "./env.ts";
import { archiveRoute } from "./routes/archive.ts";
import { metricsRoute } from "./routes/metrics.ts";
import { rebuildRollupsRoute } from "./routes/rebuild-rollups.ts";
import { statsRoute } from "./routes/stats.ts";
import { statusRoute } from "./routes/status.ts";
import { triggerRoute } from "./routes/trigger.ts";

const app = new Hono<{ Bindings: Env }>();
app.onError(onError);
app.notFound(onNotFound);
app.get("/health", (context) => healthResponse(() => settingsOf(context.env)));
app.route("/", statusRoute);
app.route("/", statsRoute);
app.route("/", metricsRoute);
app.route("/", triggerRoute);
app.route("/", archiveRoute);
app.route("/", rebuildRollupsRoute);

export default {
  fetch: (request, env, context) => app.fetch(request, env, context),
  scheduled: (controller, env) => runCron(controller.cron, settingsOf(env)),
} satisfies ExportedHandler<Env>;
