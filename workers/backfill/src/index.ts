import { healthResponse } from "@building-vitals/core/http/health";
import { onError, onNotFound } from "@building-vitals/core/http/problem-response";
import { Hono } from "hono";
import { runCron } from "./cron.ts";
import { type Env, settingsOf } from "./env.ts";
import { cancelRoute } from "./routes/cancel.ts";
import { daysRoute } from "./routes/days.ts";
import { importRoute } from "./routes/import-to-d1.ts";
import { planRoute } from "./routes/plan.ts";
import { retryFailedRoute } from "./routes/retry-failed.ts";
import { startRoute } from "./routes/start.ts";
import { statusRoute } from "./routes/status.ts";

const app = new Hono<{ Bindings: Env }>();
app.onError(onError);
app.notFound(onNotFound);
app.get("/health", (context) => healthResponse(() => settingsOf(context.env)));
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
