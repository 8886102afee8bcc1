import { expect } from "vitest";
import { z } from "zod";

const documentSchema = z.object({
  paths: z.record(
    z.string(),
    z.record(z.string(), z.object({ security: z.array(z.record(z.string(), z.unknown())).default([]) })),
  ),
});

interface Operation {
  readonly method: string;
  /** with a word in place of each parameter */
  readonly path: string;
}

function operations(document: unknown): (Operation & { readonly isOpen: boolean })[] {
  const { paths } = documentSchema.parse(document);
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { security }]) => ({
      method: method.toUpperCase(),
      path: path.replace(/\{\w+\}/g, "import_1_a"),
      isOpen: security.length === 0,
    })),
  );
}

/** The operations of a Worker's OpenAPI document that change something. */
export function writesOf(document: unknown): Operation[] {
  return operations(document).filter(({ method }) => method !== "GET");
}

/** The reads without required authentication. */
export function openReadsOf(document: unknown): Operation[] {
  return operations(document).filter(({ method, isOpen }) => method === "GET" && isOpen);
}

/** Headers of a page of another site, of an unknown sender, and of forms, which a browser sends without permission. */
const FOREIGN: readonly Readonly<Record<string, string>>[] = [
  { "sec-fetch-site": "cross-site", origin: "https://evil.test" },
  { "sec-fetch-site": "same-site", origin: "https://other.test" },
  { "sec-fetch-site": "cross-site", "content-type": "text/plain" },
  { origin: "https://evil.test", "content-type": "application/x-www-form-urlencoded" },
  { origin: "null", "content-type": "multipart/form-data; boundary=x" },
  {},
];

export type Call = (operation: Operation, headers: Record<string, string>) => Promise<Response>;

/**
 * Sends each operation with an assertion of Cloudflare Access from other sites and from the Worker's own page, and with
 * a token from anywhere.
 * @param own the Worker's origin
 */
export async function expectOwnPagesOnly(
  writes: readonly Operation[],
  options: { readonly call: Call; readonly assertion: string; readonly token: string; readonly own: string },
): Promise<void> {
  const { call, assertion, token, own } = options;
  const access = { "cf-access-jwt-assertion": assertion, cookie: `CF_Authorization=${assertion}` };
  for (const operation of writes) {
    const name = `${operation.method} ${operation.path}`;
    for (const foreign of FOREIGN) {
      const answer = await call(operation, { ...access, ...foreign });
      expect(
        [answer.status, (await answer.json<{ code: string }>()).code],
        `${name} ${JSON.stringify(foreign)}`,
      ).toEqual([403, "cross_site"]);
    }
    for (const page of [{ "sec-fetch-site": "same-origin" }, { "sec-fetch-site": "none" }, { origin: own }]) {
      const answer = await call(operation, { ...access, ...page });
      expect([401, 403], `${name} ${JSON.stringify(page)}`).not.toContain(answer.status);
      await answer.body?.cancel();
    }
    const byToken = await call(operation, { ...FOREIGN[0], authorization: `Bearer ${token}` });
    expect([401, 403], `${name} by token`).not.toContain(byToken.status);
    await byToken.body?.cancel();
  }
}
