import { describe } from "@building-vitals/core/http/openapi";
import type { documentOf } from "@building-vitals/core/http/openapi-route";
import { Hono } from "hono";
import { docsPage } from "../docs/page.ts";
import type { Env } from "../env.ts";

const described = describe({
  summary: "The reference of this API for people",
  access: "open",
  answers: { 200: { description: "A page that loads nothing else", content: { "text/html": null } } },
  problems: [],
});

/** `GET /docs`: the OpenAPI document as a page. */
export function docsRoute(document: ReturnType<typeof documentOf>): Hono<{ Bindings: Env }> {
  return new Hono<{ Bindings: Env }>().get("/docs", described, async (context) => {
    const nonce = crypto.randomUUID();
    const page = await docsPage(await document(), new URL(context.req.url).origin, nonce);
    return context.html(page, 200, {
      "cache-control": "no-store",
      "content-security-policy":
        `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'; ` +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    });
  });
}
