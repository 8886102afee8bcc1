import { type Env as HonoEnv, Hono } from "hono";
import { z } from "zod";
import { deployedVersion } from "./health.ts";
import { describe } from "./openapi.ts";

const serviceSchema = z.strictObject({
  service: z.string().meta({ description: "name of this Worker" }),
  description: z.string(),
  version: z.string().nullable().meta({ description: "the deployed version's id; null where it is not deployed" }),
  docs: z.string().meta({ description: "path of the reference page" }),
  openapi: z.string().meta({ description: "path of the OpenAPI document" }),
  health: z.string().meta({ description: "path of the health check" }),
});

/** `GET /` of a Worker without a page of its own: its name, its version and the paths of its docs. */
export function serviceRoute<E extends HonoEnv>(service: string, description: string): Hono<E> {
  const described = describe({
    summary: "What this service is, and where its docs are",
    access: "open",
    answers: { 200: { description: "The service", content: { "application/json": serviceSchema } } },
    problems: [],
  });
  return new Hono<E>().get("/", described, (context) => {
    const answer: z.infer<typeof serviceSchema> = {
      service,
      description,
      version: deployedVersion(context.env),
      docs: "/docs",
      openapi: "/openapi.json",
      health: "/health",
    };
    return context.json(answer, 200, { "cache-control": "no-store" });
  });
}
