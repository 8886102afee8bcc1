import type { Account } from "./account.ts";
import { CloudflareError } from "./cloudflare-api.ts";
import { WranglerFailed } from "./wrangler.ts";

/** The permission for each path below an account, under its name on the dashboard's token page. */
const PERMISSIONS: readonly (readonly [path: RegExp, permission: string])[] = [
  [/\/d1\//, "D1: Edit"],
  [/\/r2\//, "Workers R2 Storage: Edit"],
  [/\/storage\/kv\//, "Workers KV Storage: Edit"],
  [/\/workflows/, "Workflows: Edit"],
  [/\/workers\//, "Workers Scripts: Edit"],
  [/accounts/, "Account Settings: Read"],
];

/** Cloudflare's codes for a refused login: malformed, unknown, or without a permission. */
const REFUSED_CODES = new Set([6_003, 9_106, 9_109, 10_000, 10_001]);

/**
 * The text of a failed deploy: each error with its suggestion, and the state of the account.
 * @param account null: not chosen yet
 * @param isChanged the deploy had begun to change the account
 */
export function formatFailure(failure: unknown, account: Account | null, isChanged: boolean): string {
  const errors: unknown[] = failure instanceof AggregateError ? failure.errors : [failure];
  // Several calls may fail for one reason: each suggestion is given once, after its first error.
  const texts = new Map<string, string>();
  for (const error of errors) {
    const message = error instanceof Error ? error.message : String(error);
    const suggestion = suggestionFor(error, account);
    const key = suggestion ?? message;
    if (!texts.has(key)) texts.set(key, suggestion === null ? message : `${message}\n${suggestion}`);
  }
  const state = isChanged
    ? "The steps that were done stay. To go on, run the same command again."
    : "Nothing was changed. Run the same command again afterwards.";
  return [...texts.values(), state].join("\n");
}

/** The suggestion for an error of Cloudflare's API or wrangler; null: the error's own text suffices. */
function suggestionFor(error: unknown, account: Account | null): string | null {
  if (!(error instanceof CloudflareError || error instanceof WranglerFailed)) return null;
  const dashboard = `https://dash.cloudflare.com/${account?.id ?? ""}`;
  const codes = new Set(error.codes);
  if (codes.has(10_042) || codes.has(10_136)) {
    return `R2 is not enabled in this account. Enable it in the dashboard (it asks for a payment method): ${dashboard}/r2/overview`;
  }
  if (codes.has(100_328)) {
    return `This account is on the Workers Free plan. Switch to Workers Paid: ${dashboard}/workers/plans`;
  }
  if (account !== null && codes.has(10_063)) return noSubdomain(account);
  const isRefused = error.codes.some((code) => REFUSED_CODES.has(code));
  if (isRefused && account !== null) return missingPermission(error.message, account);
  if (isRefused || (error instanceof CloudflareError && error.status === 401)) {
    return "Cloudflare refuses the login. Run npx wrangler login, or set CLOUDFLARE_API_TOKEN to a valid token.";
  }
  if (error instanceof CloudflareError && error.status === null)
    return "Check this machine's connection to the internet.";
  return null;
}

function missingPermission(message: string, { id, name }: Account): string {
  if (name === null) {
    return `The login does not list the account ${id}. Check CLOUDFLARE_ACCOUNT_ID, and the accounts of the token: https://dash.cloudflare.com/profile/api-tokens`;
  }
  const permission = PERMISSIONS.find(([path]) => path.test(message))?.[1] ?? "Workers Scripts: Edit";
  return `The login lacks the permission "${permission}" for ${name}. Add it to the token: https://dash.cloudflare.com/profile/api-tokens`;
}

export function noSubdomain({ id }: Account): string {
  return `The account has no workers.dev subdomain, which Workflows need. Register one: https://dash.cloudflare.com/${id}/workers/onboarding`;
}
