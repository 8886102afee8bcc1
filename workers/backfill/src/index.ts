import { healthOperation, healthResponse } from "@building-vitals/core/http/health";
import { newApp } from "@building-vitals/core/http/new-app";
import { documentOf, openApiRoute } from "@building-vitals/core/http/openapi-route";
import { runCron } from "./cron.ts";
import { type Env, settingsOf } from "./env.ts";
import { cancelRoute } from "./routes/cancel.ts";
import { daysRoute } from "./routes/days.ts";
import { importRoute } from "./routes/import-to-d1.ts";
import { planRoute } from "./routes/plan.ts";
import { retryFailedRoute } from "./routes/retry-failed.ts";
import { startRoute } from "./routes/start.ts";
import { statusRoute } from "./routes/status.ts";

const app = newApp<{ Bindings: Env }>();
app.get("/health", healthOperation, (context) => healthResponse(context.env, () => settingsOf(context.env)));
app.route("/", openApiRoute(documentOf(app, "Building Vitals: backfill", "Past days, written to the archive.")));
app.route("/", startRoute);
app.route("/", statusRoute);
app.route("/", cancelRoute);
app.route("/", daysRoute);
app.route("/", planRoute);
app.route("/", retryFailedRoute);
app.route("/", importRoute);

export { BackfillWorkflow } from "./workflow.ts";
export default {
  fetch: (request, env, context) => app.fetch(request, env, context),
  scheduled: (controller, env) => runCron(controller.cron, settingsOf(env)),
} satisfies ExportedHandler<Env>;
