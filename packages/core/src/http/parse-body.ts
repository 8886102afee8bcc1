import type { z } from "zod";
import { isProblemCode, Problem } from "../domain/problem.ts";

/** Most of our requests are a few names and dates. */
const MAX_BODY_BYTES = 64 * 1024;

/** The JSON of valid bodies, kept for the audit. */
const parsedBodies = new WeakMap<Request, unknown>();

/** The JSON that {@link parseBody} read from a request; undefined: none, or none that is valid. */
export function parsedBody(request: Request): unknown {
  return parsedBodies.get(request);
}

/**
 * The JSON body of a request; an empty one is `{}`.
 * @throws {Problem} `invalid_request`, naming the field at fault; `body_too_large`
 */
export async function parseBody<S extends z.ZodType>(
  request: Request,
  schema: S,
  maxBytes = MAX_BODY_BYTES,
): Promise<z.output<S>> {
  const text = await readAtMost(request, maxBytes);
  let body: unknown;
  try {
    body = text.trim() === "" ? {} : JSON.parse(text);
  } catch {
    throw new Problem("invalid_request", "The body is not JSON.");
  }
  const parsed = parseInput(schema, body);
  parsedBodies.set(request, body);
  return parsed;
}

/**
 * Checks what a request asks for.
 * @throws {Problem} naming the first field at fault: `invalid_request`, or the code in `params.problem` of a custom issue
 */
export function parseInput<S extends z.ZodType>(schema: S, input: unknown): z.output<S> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (issue?.code === "unrecognized_keys") throw unknownFields(issue.keys);
  const field = (issue?.path ?? []).map(String).join(".");
  const special: unknown = issue?.code === "custom" ? issue.params?.["problem"] : undefined;
  const code = isProblemCode(special) ? special : "invalid_request";
  throw new Problem(code, `${field === "" ? "" : `${field}: `}${issue?.message}`, field || undefined);
}

/** A longer key is no misspelt field. It may be a secret in the wrong place, and is not quoted. */
const MAX_QUOTED_CHARS = 32;

function unknownFields(keys: readonly string[]): Problem {
  const quotable = keys.filter((key) => key.length <= MAX_QUOTED_CHARS).join(", ");
  return new Problem(
    "invalid_request",
    `${quotable === "" ? "" : `${quotable}: `}unknown field`,
    quotable || undefined,
  );
}

async function readAtMost(request: Request, maxBytes: number): Promise<string> {
  const tooLarge = () => new Problem("body_too_large", `The body is larger than ${maxBytes} bytes.`);
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return new TextDecoder().decode(await new Blob(chunks).arrayBuffer());
}
