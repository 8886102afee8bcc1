import { Hono } from "hono";
import { expect, test } from "vitest";
import { onError } from "./problem-response.ts";
import { requireAccess } from "./require-access.ts";

interface Env {
  TOKEN: string | undefined;
}

const app = new Hono<{ Bindings: Env }>();
app.onError(onError);
app.use(requireAccess<Env>((env) => ({ token: env.TOKEN, application: null, limiter: undefined }), "ADMIN_TOKEN"));
app.get("/", (context) => context.text("in"));

function ask(authorization: string | undefined, token: string | undefined = "right-token"): Promise<Response> {
  const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
  return Promise.resolve(app.request("/", { headers }, { TOKEN: token }));
}

test.each(["Bearer right-token", "bearer right-token", "BEARER right-token", "Bearer  right-token"])(
  "%j is let in",
  async (header) => {
    const response = await ask(header);
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("in");
  },
);

test.each([
  undefined,
  "",
  "Bearer",
  "Bearer ",
  "right-token",
  "Basic right-token",
  "Bearer right-toke",
  "Bearer right-tokenx",
  "Bearer right-Token",
  "Bearer right-token and more",
  "Bearer wrong",
  "xBearer right-token",
])("%j is refused", async (header) => {
  const response = await ask(header);
  expect(response.status).toBe(401);
  expect(response.headers.get("www-authenticate")).toBe("Bearer");
  const text = await response.text();
  expect(JSON.parse(text)).toMatchObject({ code: "unauthorized", status: 401 });
  expect(text).toContain("ADMIN_TOKEN");
  expect(text).not.toContain("right-token");
});

test("a deployment without a token asks for none; an empty one lets nobody in", async () => {
  const open = await app.request("/", {}, { TOKEN: undefined });
  expect(open.status).toBe(200);
  for (const header of [undefined, "Bearer", "Bearer "]) expect((await ask(header, "")).status).toBe(401);
});
