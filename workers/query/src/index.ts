import { docsRoute } from "@building-vitals/core/http/docs/docs-route";
import { healthOperation, healthResponse } from "@building-vitals/core/http/health";
import { documentOf, openApiRoute } from "@building-vitals/core/http/openapi-route";
import { newApp } from "@building-vitals/core/http/new-app";
import { requireAccess } from "@building-vitals/core/http/require-access";
import { Admission, ADMISSION } from "./admission.ts";
import { boundedAnswers, STALL_MS } from "./bounded-answers.ts";
import { corsOfSettings } from "./cors.ts";
import { type Env, settingsOf } from "./env.ts";
import { auditRoute } from "./routes/audit.ts";
import { coverageRoute } from "./routes/coverage.ts";
import { dayFileRoute } from "./routes/day-file.ts";
import { equipmentRoute } from "./routes/equipment.ts";
import { latestRoute } from "./routes/latest.ts";
import { metricsRoute } from "./routes/metrics.ts";
import { pointsRoute } from "./routes/points.ts";
import { qualityRoute } from "./routes/quality.ts";
import { sitesRoute } from "./routes/sites.ts";
import { servicesRoute } from "./routes/services.ts";
import { tagsRoute } from "./routes/tags.ts";
import { timeseriesRoute } from "./routes/timeseries.ts";

const DESCRIPTION =
  "Samples of a building's points over years, raw or in buckets. Times are UTC; ranges are half-open [start, end). " +
  "Errors are application/problem+json with a stable code. /etl/… and /backfill/… forward the dashboard's requests to the " +
  "other Workers, whose documents describe them.";

const app = newApp<{ Bindings: Env }>();
app.get("/health", healthOperation, (context) => healthResponse(context.env, () => settingsOf(context.env)));
app.use(corsOfSettings);
// Before the access check: the API is no secret, and a browser's address bar sends no token.
const document = documentOf(app, "Building Vitals: query", DESCRIPTION);
app.route("/", openApiRoute(document));
app.route("/", docsRoute(document));
// Before all routes that stream. Metrics never wait, because they ask for no share.
app.use(boundedAnswers(new Admission(ADMISSION, Date.now), STALL_MS));
// The other Workers check their own tokens.
app.route("/", servicesRoute);
// The audit needs the admin token, not the read token.
app.route("/", auditRoute);
app.use(
  requireAccess<Env>((env) => {
    const { QUERY_TOKEN: token, FAILED_LOGINS: limiter, access } = settingsOf(env);
    return { token, application: access, limiter };
  }, "QUERY_TOKEN"),
);
app.route("/", metricsRoute);
app.route("/", sitesRoute);
app.route("/", pointsRoute);
app.route("/", equipmentRoute);
app.route("/", tagsRoute);
app.route("/", coverageRoute);
app.route("/", qualityRoute);
app.route("/", latestRoute);
app.route("/", timeseriesRoute);
app.route("/", dayFileRoute);

export default { fetch: app.fetch } satisfies ExportedHandler<Env>;
