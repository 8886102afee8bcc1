/** The use of a token: `read` is QUERY_TOKEN, if the deployment has one; `admin` is ADMIN_TOKEN. */
export type TokenKind = "read" | "admin";

/** A request for a token that the page shows a form for. */
export interface TokenRequest {
  readonly kind: TokenKind;
  /** whether an earlier token was refused */
  readonly isRefused: boolean;
  /** @param token null: the user gave none */
  readonly answer: (token: string | null) => void;
}

/** Tokens stay in memory: no other page can read them, and a reload forgets them. */
const tokens = new Map<TokenKind, string>();
const waiting = new Map<TokenKind, Promise<boolean>>();
let listener: ((request: TokenRequest | null) => void) | null = null;

export function tokenOf(kind: TokenKind): string | undefined {
  return tokens.get(kind);
}

/** Receives requests for tokens, one at a time; null: none. */
export function onTokenRequest(show: (request: TokenRequest | null) => void): void {
  listener = show;
}

/**
 * Asks the user for a token. Requests that wait for the same one share the question.
 * @param refused the token that the server refused; a newer one is not asked for again
 * @returns whether there is a token to try again with
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
