/** What a token is for: `read` is QUERY_TOKEN, where a deployment has one; `admin` is ADMIN_TOKEN. */
export type TokenKind = "read" | "admin";

/** A request for a token that the page shows a form for. */
export interface TokenRequest {
  readonly kind: TokenKind;
  /** whether one was given before and not accepted */
  readonly isRefused: boolean;
  /** @param token null: none will be given */
  readonly answer: (token: string | null) => void;
}

/** Tokens are kept in memory only: no other page, and nobody after a reload, can have them. */
const tokens = new Map<TokenKind, string>();
const waiting = new Map<TokenKind, Promise<boolean>>();
let listener: ((request: TokenRequest | null) => void) | null = null;

export function tokenOf(kind: TokenKind): string | undefined {
  return tokens.get(kind);
}

/** Where requests for tokens are shown; one at a time, null when there is none. */
export function onTokenRequest(show: (request: TokenRequest | null) => void): void {
  listener = show;
}

/**
 * Asks the user for a token; requests that wait for the same one share the question.
 * @param refused the token that was not accepted; another one since then is not asked for again
 * @returns whether there is one to try again with
 */
export function askForToken(kind: TokenKind, refused: string | undefined): Promise<boolean> {
  const given = tokens.get(kind);
  if (given !== undefined && given !== refused) return Promise.resolve(true);
  const present = waiting.get(kind);
  if (present !== undefined) return present;
  tokens.delete(kind);
  const asked = new Promise<boolean>((resolve) => {
    const answer = (token: string | null) => {
      if (token !== null) tokens.set(kind, token);
      waiting.delete(kind);
      listener?.(null);
      resolve(token !== null);
    };
    if (listener === null) answer(null);
    else listener({ kind, isRefused: refused !== undefined, answer });
  });
  waiting.set(kind, asked);
  return asked;
}
