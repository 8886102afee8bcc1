import type { AlertState } from "./alert.ts";

/** Timeout of the webhook, in ms. */
const TIMEOUT_MS = 5_000;

export type WebhookFetch = (url: string, init: RequestInit) => Promise<Response>;

/**
 * Escapes a text for Slack and compatible chats. Names come from outside and could hold a link or mention everybody.
 * Slack requires `&`, `<` and `>` escaped; a zero-width space breaks links and mentions of other chats.
 */
function chatText(text: string): string {
  const escaped = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return escaped.replaceAll("@", "@\u200B").replaceAll("://", ":\u200B//");
}

/** The body of the post: Slack shows `text`; the other fields are raw, for machines. */
export function alertBody(alert: AlertState): Record<string, string | null> {
  const { kind, site, level, detail, since } = alert;
  const place = site === null ? "" : ` at ${site}`;
  const text = `Building Vitals: ${kind}${place} ${level === "firing" ? "is firing" : "has recovered"}: ${detail}`;
  return { text: chatText(text), kind, site, state: level, since: new Date(since).toISOString(), detail };
}

/**
 * Posts an alert.
 * @returns null, or why the webhook did not accept it, without its address, which is a secret
 */
export async function deliverAlert(url: string, alert: AlertState, post: WebhookFetch): Promise<string | null> {
  try {
    const response = await post(url, {
      method: "POST",
      headers: { "content-type": "application/json; charset=utf-8" },
      body: JSON.stringify(alertBody(alert)),
      // a redirect is no receipt
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await response.body?.cancel();
    return response.ok ? null : `the webhook answered ${response.status}`;
  } catch (error) {
    // the runtime's own message may contain the address
    return error instanceof Error && error.name === "TimeoutError" ? "the webhook timed out" : "no connection";
  }
}
