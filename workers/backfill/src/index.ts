import { healthResponse } from "@building-vitals/core/http/health";
import { onError, onNotFound } from "@building-vitals/core/http/problem-response";
import { Hono } from "hono";
import { type Env, settingsOf } from "./env.ts";

const app = new Hono<{ Bindings: Env }>();
app.onError(onError);
app.notFound(onNotFound);
app.get("/health", (context) => healthResponse(() => settingsOf(context.env)));

export default { fetch: app.fetch } satisfies ExportedHandler<Env>;
