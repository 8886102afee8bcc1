/** Limits of the body in an audit entry. */
const MAX_TEXT_CHARS = 200;
const MAX_ITEMS = 20;
const MAX_DEPTH = 3;
const MAX_JSON_CHARS = 2_000;

const REDACTED = "[secret]";

/**
 * A body as the audit stores it. Long texts are cut, long lists are replaced by their length, secrets are redacted.
 * @param body parsed JSON
 */
export function auditParameters(body: unknown, secrets: readonly string[]): Record<string, unknown> {
  if (typeof body !== "object" || body === null) return {};
  const shortened = shortenFields(Object.entries(body).slice(0, MAX_ITEMS), secrets, MAX_DEPTH);
  const { length } = JSON.stringify(shortened);
  return length <= MAX_JSON_CHARS ? shortened : { fields: Object.keys(shortened), characters: length };
}

/** A text without the secrets, cut to {@link MAX_TEXT_CHARS} characters. */
export function auditText(text: string, secrets: readonly string[]): string {
  const clean = secrets.reduce((rest, secret) => rest.replaceAll(secret, REDACTED), text);
  return clean.length <= MAX_TEXT_CHARS ? clean : `${clean.slice(0, MAX_TEXT_CHARS)}…`;
}

function shorten(value: unknown, secrets: readonly string[], depth: number): unknown {
  if (typeof value === "string") return auditText(value, secrets);
  if (typeof value !== "object" || value === null) return value;
  const items = Object.entries(value);
  if (items.length > MAX_ITEMS || depth === 0) return { count: items.length };
  if (Array.isArray(value)) return value.map((item) => shorten(item, secrets, depth - 1));
  return shortenFields(items, secrets, depth - 1);
}

function shortenFields(
  fields: [string, unknown][],
  secrets: readonly string[],
  depth: number,
): Record<string, unknown> {
  return Object.fromEntries(fields.map(([name, value]) => [auditText(name, secrets), shorten(value, secrets, depth)]));
}
