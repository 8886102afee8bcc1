import { z } from "zod";
import type { CloudflareApi } from "./cloudflare-api.ts";

export interface Account {
  readonly id: string;
  /** null: the login does not list the account */
  readonly name: string | null;
}

const accountSchema = z.object({ id: z.string(), name: z.string() });

/** Chooses the account to deploy to. @param id CLOUDFLARE_ACCOUNT_ID, or "" @throws Error with the action to take */
export async function requireAccount(api: CloudflareApi, id: string): Promise<Account> {
  if (id !== "" && !/^[0-9a-f]{32}$/.test(id)) {
    throw new Error(`CLOUDFLARE_ACCOUNT_ID: found ${JSON.stringify(id)}, expected 32 hexadecimal digits.`);
  }
  const accounts = await api.get(z.array(accountSchema), "accounts?per_page=50");
  // A token may be valid for an account without the right to list it.
  if (id !== "") return accounts.find((account) => account.id === id) ?? { id, name: null };
  const [account, ...others] = accounts;
  if (account === undefined)
    throw new Error(
      'The login lists no account. Give the token the permission "Account Settings: Read", or set CLOUDFLARE_ACCOUNT_ID.',
    );
  if (others.length > 0) {
    const list = accounts.map((other) => `  ${other.id}  ${other.name}`).join("\n");
    throw new Error(`The login has several accounts. Set CLOUDFLARE_ACCOUNT_ID to one of them:\n${list}`);
  }
  return account;
}
