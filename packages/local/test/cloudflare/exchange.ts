import type { FakeAccount, Right } from "./account.ts";

/** A failure as Cloudflare's API reports it. */
export class ApiFailure extends Error {
  override readonly name = "ApiFailure";
  readonly status: number;
  readonly code: number;

  constructor(status: number, code: number, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** An authorised request to the fake. */
export interface Call {
  readonly account: FakeAccount;
  /** the matches of the pattern's groups, percent-decoded */
  readonly params: readonly string[];
  readonly query: URLSearchParams;
  readonly json: () => unknown;
  readonly form: () => Promise<FormData>;
}

/** An endpoint below `/accounts/{id}/`. */
export interface Endpoint {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: RegExp;
  readonly right: Right;
  /** @returns the envelope's `result` @throws {ApiFailure} */
  readonly answer: (call: Call) => unknown;
}

/** The text in a field of the body. */
export function textField(body: unknown, field: string): string {
  const value: unknown = typeof body === "object" && body !== null ? Reflect.get(body, field) : undefined;
  if (typeof value !== "string") throw new ApiFailure(400, 10_001, `the fake expects the text field ${field}`);
  return value;
}
