import { docsRoute } from "@building-vitals/core/http/docs/docs-route";
import { healthOperation, healthResponse } from "@building-vitals/core/http/health";
import { newApp } from "@building-vitals/core/http/new-app";
import { documentOf, openApiRoute } from "@building-vitals/core/http/openapi-route";
import { serviceRoute } from "@building-vitals/core/http/service-route";
import { runCron } from "./cron.ts";
import { type Env, settingsOf } from "./env.ts";
import { deadLettersRoute } from "./routes/dead-letters.ts";
import { dropDeadLettersRoute } from "./routes/drop-dead-letters.ts";
import { gapsRoute } from "./routes/gaps.ts";
import { importRoute } from "./routes/import.ts";
import { metricsRoute } from "./routes/metrics.ts";
import { pauseRoute } from "./routes/pause.ts";
import { rebuildRollupsRoute } from "./routes/rebuild-rollups.ts";
import { rebuildRoute } from "./routes/rebuild.ts";
import { repairGapsRoute } from "./routes/repair-gaps.ts";
import { replayDeadLettersRoute } from "./routes/replay-dead-letters.ts";
import { resumeRoute } from "./routes/resume.ts";
import { settleRoute } from "./routes/settle.ts";
import { statsRoute } from "./routes/stats.ts";
import { statusRoute } from "./routes/status.ts";
import { triggerRoute } from "./routes/trigger.ts";

const DESCRIPTION = "The sync of new samples.";

const app = newApp<{ Bindings: Env }>();
app.get("/health", healthOperation, (context) => healthResponse(context.env, () => settingsOf(context.env)));
app.route("/", serviceRoute("etl", DESCRIPTION));
const document = documentOf(app, "Building Vitals: etl", DESCRIPTION);
app.route("/", openApiRoute(document));
app.route("/", docsRoute(document));
app.route("/", statusRoute);
app.route("/", statsRoute);
app.route("/", metricsRoute);
app.route("/", triggerRoute);
app.route("/", pauseRoute);
app.route("/", resumeRoute);
app.route("/", settleRoute);
app.route("/", importRoute);
app.route("/", rebuildRollupsRoute);
app.route("/", rebuildRoute);
app.route("/", gapsRoute);
app.route("/", repairGapsRoute);
app.route("/", deadLettersRoute);
app.route("/", replayDeadLettersRoute);
app.route("/", dropDeadLettersRoute);

export default {
  fetch: (request, env, context) => app.fetch(request, env, context),
  scheduled: (controller, env) => runCron(controller.cron, settingsOf(env)),
} satisfies ExportedHandler<Env>;
