import type { AlertState } from "./alert.ts";

/** The longest that a webhook may take, in milliseconds. */
const TIMEOUT_MS = 5_000;

export type WebhookFetch = (url: string, init: RequestInit) => Promise<Response>;

/** What is posted: `text` is what Slack and its like show, the rest is for machines. */
export function alertBody(alert: AlertState): Record<string, string | null> {
  const { kind, site, level, detail, since } = alert;
  const place = site === null ? "" : ` at ${site}`;
  const text = `Building Vitals: ${kind}${place} ${level === "firing" ? "is firing" : "has recovered"}: ${detail}`;
  return { text, kind, site, state: level, since: new Date(since).toISOString(), detail };
}

/**
 * Posts an alert.
 * @returns null, or why it was not taken: without the address, which is a secret
 */
export async function deliverAlert(url: string, alert: AlertState, post: WebhookFetch): Promise<string | null> {
  try {
    const response = await post(url, {
      method: "POST",
      headers: { "content-type": "application/json; charset=utf-8" },
      body: JSON.stringify(alertBody(alert)),
      // an answer that leads elsewhere is no receipt
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await response.body?.cancel();
    return response.ok ? null : `the webhook answered ${response.status}`;
  } catch (error) {
    // the runtime's own message may quote the address
    return error instanceof Error && error.name === "TimeoutError" ? "the webhook timed out" : "no connection";
  }
}
