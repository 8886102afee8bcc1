import * as z from "zod/mini";
import { ApiError } from "./api-error.ts";
import { fetchPatiently } from "./busy.ts";
import { askForToken, type TokenKind, tokenOf } from "./tokens.ts";

// The page's content security policy forbids compiled code, which zod would try.
z.config({ jitless: true });

const problemSchema = z.object({ code: z.string(), detail: z.string(), field: z.optional(z.string()) });

interface AskOptions {
  readonly signal?: AbortSignal;
  readonly method?: "GET" | "POST";
  /** sent as JSON */
  readonly body?: unknown;
  /** the token to send, and to ask for at a 401 (default `read`) */
  readonly token?: TokenKind;
}

/**
 * Requests an address of this origin, and parses the answer.
 * @param path with its query, such as `/sites` or `/etl/status`
 * @throws {ApiError} with text for the user; an aborted request throws its signal's reason
 */
export async function ask<S extends z.ZodMiniType>(
  path: string,
  schema: S,
  options: AskOptions = {},
): Promise<z.output<S>> {
  const { signal, method = "GET", body, token: kind = "read" } = options;
  for (;;) {
    const token = tokenOf(kind);
    const headers = new Headers({ accept: "application/json" });
    if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
    if (body !== undefined) headers.set("content-type", "application/json");
    const init: RequestInit = { method, headers, signal: signal ?? null };
    if (body !== undefined) init.body = JSON.stringify(body);
    const { response, answer } = await fetchJson(path, init);
    if (response.ok) {
      const parsed = schema.safeParse(answer);
      if (parsed.success) return parsed.data;
      const [issue] = parsed.error.issues;
      const where = issue === undefined ? "" : ` (${issue.path.join(".")}: ${issue.message})`;
      const detail = `The answer of ${path.split("?")[0]} has an unexpected form${where}. Reload the page.`;
      throw new ApiError("not_understood", response.status, detail);
    }
    if (response.status === 401 && (await askForToken(kind, token))) continue;
    throw problemOf(response, answer);
  }
}

async function fetchJson(path: string, init: RequestInit): Promise<{ response: Response; answer: unknown }> {
  try {
    const response = await fetchPatiently(path, init);
    const text = await response.text();
    return { response, answer: parseJson(text) };
  } catch (error) {
    if (init.signal?.aborted === true) throw error;
    throw new ApiError("unreachable", null, "Could not reach the server. Check your connection.");
  }
}

/** undefined: not JSON */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function problemOf(response: Response, answer: unknown): ApiError {
  const problem = problemSchema.safeParse(answer);
  if (problem.success) {
    const { code, detail, field } = problem.data;
    return new ApiError(code, response.status, detail, field ?? null);
  }
  return new ApiError("no_problem", response.status, `The server answered ${response.status} without a reason.`);
}
