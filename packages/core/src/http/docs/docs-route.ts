import { type Env as HonoEnv, Hono } from "hono";
import { describe } from "../openapi.ts";
import type { documentOf } from "../openapi-route.ts";
import { docsPage } from "./page.ts";

const described = describe({
  summary: "The reference of this API for people",
  access: "open",
  answers: { 200: { description: "A page that loads nothing else", content: { "text/html": null } } },
  problems: [],
});

/** `GET /docs`: the OpenAPI document as a page. */
export function docsRoute<E extends HonoEnv>(document: ReturnType<typeof documentOf>): Hono<E> {
  return new Hono<E>().get("/docs", described, async (context) => {
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
