import { type Env as HonoEnv, Hono } from "hono";
import { describe, openApiOf } from "./openapi.ts";

type Document = ReturnType<typeof openApiOf>;

/** The document of an app, created at the first request. */
export function documentOf<E extends HonoEnv>(app: Hono<E>, title: string, description: string): () => Document {
  let made: Document | undefined;
  return () => (made ??= openApiOf(app, title, description));
}

/** `GET /openapi.json`, open to all: the description of the API is public. */
export function openApiRoute<E extends HonoEnv>(document: () => Document): Hono<E> {
  const described = describe({
    summary: "The OpenAPI document of this Worker",
    access: "open",
    answers: { 200: { description: "OpenAPI 3.1", content: { "application/json": null } } },
    problems: [],
  });
  return new Hono<E>().get("/openapi.json", described, async (context) =>
    // It does not change within a deployment.
    context.json(await document(), 200, { "cache-control": "public, max-age=300" }),
  );
}
