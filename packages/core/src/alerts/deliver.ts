import type { AlertState } from "./alert.ts";

/** The longest that a webhook may take, in milliseconds. */
const TIMEOUT_MS = 5_000;

export type WebhookFetch = (url: string, init: RequestInit) => Promise<Response>;

/**
 * A text that Slack, and chats that take its webhooks, show as it is: names come from outside, and could hold a link or a
 * mention of everybody. Slack wants `&`, `<` and `>` escaped; a zero-width space ends what others link or notify.
 */
function chatText(text: string): string {
  const escaped = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return escaped.replaceAll("@", "@\u200B").replaceAll("://", ":\u200B//");
}

/** What is posted: `text` is what Slack and its like show; the rest is for machines, and raw. */
export function alertBody(alert: AlertState): Record<string, string | null> {
  const { kind, site, level, detail, since } = alert;
  const place = site === null ? "" : ` at ${site}`;
  const text = `Building Vitals: ${kind}${place} ${level === "firing" ? "is firing" : "has recovered"}: ${detail}`;
  return { text: chatText(text), kind, site, state: level, since: new Date(since).toISOString(), detail };
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
