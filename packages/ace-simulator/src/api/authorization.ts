import { missingKey, unhandledException } from "./vendor-errors.ts";

/** @returns the refusal of a request that does not carry the key, undefined if it does */
export function refuseUnauthorized(request: Request, apiKey: string): Response | undefined {
  const header = request.headers.get("authorization");
  const bearer = header === null ? null : /^Bearer +(\S+)$/i.exec(header);
  if (!bearer) return missingKey();
  return bearer[1] === apiKey ? undefined : unhandledException();
}
