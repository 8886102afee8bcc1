import type { Account } from "./account.ts";
import { CloudflareError } from "./cloudflare-api.ts";
import { WranglerFailed } from "./wrangler.ts";

/** The permission that a path below an account needs, as the dashboard's token page names it. */
const PERMISSIONS: readonly (readonly [path: RegExp, permission: string])[] = [
  [/\/d1\//, "D1: Edit"],
  [/\/r2\//, "Workers R2 Storage: Edit"],
  [/\/storage\/kv\//, "Workers KV Storage: Edit"],
  [/\/workflows/, "Workflows: Edit"],
  [/\/workers\//, "Workers Scripts: Edit"],
  [/accounts/, "Account Settings: Read"],
];

/** Cloudflare's codes for a refused login. */
const REFUSED_CODES = new Set([9_106, 9_109, 10_000, 10_001]);

/** What a person does about a failure of Cloudflare's API or of wrangler; null: nothing is known to help. */
export function remedyFor(error: unknown, account: Account | null): string | null {
  if (!(error instanceof CloudflareError || error instanceof WranglerFailed)) return null;
  const dashboard = `https://dash.cloudflare.com/${account?.id ?? ""}`;
  const codes = new Set(error.codes);
  if (codes.has(10_042) || codes.has(10_136)) {
    return `R2 is not enabled in this account. Enable it in the dashboard (it asks for a payment method): ${dashboard}/r2/overview`;
  }
  if (codes.has(100_328)) {
    return `This account is on the Workers Free plan. Switch to Workers Paid: ${dashboard}/workers/plans`;
  }
  if (codes.has(10_063)) return noSubdomain(account);
  const isRefused = error.codes.some((code) => REFUSED_CODES.has(code));
  if (isRefused && account !== null) {
    const permission = PERMISSIONS.find(([path]) => path.test(error.message))?.[1] ?? "Workers Scripts: Edit";
    return `The login lacks the permission "${permission}" for ${account.name}. Add it to the token: https://dash.cloudflare.com/profile/api-tokens`;
  }
  if (isRefused || (error instanceof CloudflareError && error.status === 401)) {
    return "Cloudflare refuses the login. Run npx wrangler login, or set CLOUDFLARE_API_TOKEN to a valid token.";
  }
  return null;
}

/** Workflows and workers.dev addresses need the account's subdomain. */
export function noSubdomain(account: Account | null): string {
  return `The account has no workers.dev subdomain, which Workflows need. Register one: https://dash.cloudflare.com/${account?.id ?? ""}/workers/onboarding`;
}
