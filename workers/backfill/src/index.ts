import { docsRoute } from "@building-vitals/core/http/docs/docs-route";
import { healthOperation, healthResponse } from "@building-vitals/core/http/health";
import { newApp } from "@building-vitals/core/http/new-app";
import { documentOf, openApiRoute } from "@building-vitals/core/http/openapi-route";
import { serviceRoute } from "@building-vitals/core/http/service-route";
import { runCron } from "./cron.ts";
import { type Env, settingsOf } from "./env.ts";
import { cancelRoute } from "./routes/cancel.ts";
import { deleteRoute } from "./routes/delete.ts";
import { daysRoute } from "./routes/days.ts";
import { importRoute } from "./routes/import-to-d1.ts";
import { metricsRoute } from "./routes/metrics.ts";
import { planRoute } from "./routes/plan.ts";
import { retryFailedRoute } from "./routes/retry-failed.ts";
import { startRoute } from "./routes/start.ts";
import { statusRoute } from "./routes/status.ts";

const DESCRIPTION = "Writes past days to the archive.";

const app = newApp<{ Bindings: Env }>();
app.get("/health", healthOperation, (context) => healthResponse(context.env, () => settingsOf(context.env)));
app.route("/", serviceRoute("backfill", DESCRIPTION));
const document = documentOf(app, "Building Vitals: backfill", DESCRIPTION);
app.route("/", openApiRoute(document));
app.route("/", docsRoute(document));
app.route("/", metricsRoute);
app.route("/", startRoute);
app.route("/", statusRoute);
app.route("/", cancelRoute);
app.route("/", daysRoute);
app.route("/", planRoute);
app.route("/", retryFailedRoute);
app.route("/", importRoute);
app.route("/", deleteRoute);

export { BackfillWorkflow } from "./workflow.ts";
export default {
  fetch: (request, env, context) => app.fetch(request, env, context),
  scheduled: (controller, env) => runCron(controller.cron, settingsOf(env)),
} satisfies ExportedHandler<Env>;
