import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { parseJson } from "./parse-json.ts";

const healthSchema = z.object({
  status: z.string(),
  version: z.string().nullable(),
  checks: z.record(z.string(), z.object({ ok: z.boolean(), detail: z.string() })),
});

const ASK_EVERY_MS = 2_000;
const ANSWER_WITHIN_MS = 10_000;

/** A service token of Cloudflare Access, for a Worker behind it. */
export interface AccessToken {
  readonly id: string;
  readonly secret: string;
}

/**
 * Requests a Worker's `/health` until this version is healthy. A new address is known after seconds, and an old version
 * may answer for a while.
 * @param version null: any version
 * @param waitMs the longest wait
 * @returns null: healthy; otherwise the last fault
 */
export async function waitForHealth(
  url: string,
  version: string | null,
  waitMs: number,
  access: AccessToken | null,
  wait: (ms: number) => Promise<unknown> = sleep,
): Promise<string | null> {
  const until = Date.now() + waitMs;
  for (;;) {
    const fault = await askHealth(url, version, access);
    if (fault === null || Date.now() + ASK_EVERY_MS > until) return fault;
    await wait(ASK_EVERY_MS);
  }
}

async function askHealth(url: string, version: string | null, access: AccessToken | null): Promise<string | null> {
  const headers = access === null ? {} : { "cf-access-client-id": access.id, "cf-access-client-secret": access.secret };
  let response: Response;
  let text: string;
  try {
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    response = await fetch(`${url}/health`, { headers, redirect: "manual", signal });
    text = await response.text();
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    return `nothing answers (${cause})`;
  }
  if (response.headers.get("location")?.includes("cloudflareaccess.com") === true) {
    return "Cloudflare Access is in front of it: set CF_ACCESS_CLIENT_ID and CF_ACCESS_CLIENT_SECRET to a service token";
  }
  const health = healthSchema.safeParse(parseJson(text));
  if (!health.success) return `it answers ${response.status} without a health report`;
  const { checks, status } = health.data;
  const failed = Object.entries(checks).filter(([, { ok }]) => !ok);
  const details = failed.map(([name, { detail }]) => `${name}: ${detail}`).join("; ");
  if (version !== null && health.data.version !== version) {
    return `version ${health.data.version ?? "unknown"} answers, not ${version}${details === "" ? "" : ` (${details})`}`;
  }
  return response.ok && status === "ok" ? null : `it answers ${response.status}: ${details}`;
}
