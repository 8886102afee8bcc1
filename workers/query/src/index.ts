import { healthResponse } from "@building-vitals/core/http/health";
import { onError, onNotFound } from "@building-vitals/core/http/problem-response";
import { requireToken } from "@building-vitals/core/http/require-token";
import { Hono } from "hono";
import { type Env, settingsOf } from "./env.ts";
import { dayFileRoute } from "./routes/day-file.ts";
import { latestRoute } from "./routes/latest.ts";
import { pointsRoute } from "./routes/points.ts";
import { sitesRoute } from "./routes/sites.ts";
import { timeseriesRoute } from "./routes/timeseries.ts";

const app = new Hono<{ Bindings: Env }>();
app.onError(onError);
app.notFound(onNotFound);
app.get("/health", (context) => healthResponse(() => settingsOf(context.env)));
app.use(requireToken<Env>((env) => settingsOf(env).QUERY_TOKEN, "QUERY_TOKEN"));
app.route("/", sitesRoute);
app.route("/", pointsRoute);
app.route("/", latestRoute);
app.route("/", timeseriesRoute);
app.route("/", dayFileRoute);

export default { fetch: app.fetch } satisfies ExportedHandler<Env>;
