import { AceError } from "./ace-error.ts";
import { parseApiJson } from "./parse-json.ts";

/** Takes the text of a body in pieces as it arrives. Both methods throw a SyntaxError if it is not JSON. */
export interface BodyReader<T> {
  write(text: string): void;
  end(): T;
}

interface BodyLimits {
  /** path below the base URL; error messages show it */
  readonly path: string;
  /** maximum body size, decompressed */
  readonly maxBytes: number;
  readonly apiKey: string;
}

/** A key of this length does not occur in a name by chance. */
const UNMISTAKABLE_CHARS = 16;

/** Reads a body as a whole. @param read checks the parsed JSON; throws an AceError for another shape */
export function wholeJson<T>(read: (body: unknown) => T): BodyReader<T> {
  const pieces: string[] = [];
  return {
    write: (text) => void pieces.push(text),
    end: () => read(parseApiJson(pieces.join(""), "null")),
  };
}

/**
 * Reads the body of a 200 while it arrives.
 *
 * @throws {AceError}
 * - `not_json`, `broken_body`, `body_too_large`
 * - `not_a_page` if the body quotes the API key, which would be stored in a dead letter or a point's name
 */
export async function readBody<T>(response: Response, reader: BodyReader<T>, limits: BodyLimits): Promise<T> {
  const { path, maxBytes, apiKey } = limits;
  if (/^\s*(?:text\/html|application\/xhtml\+xml)\b/i.test(response.headers.get("content-type") ?? "")) {
    // a stream that cannot be cancelled has failed already
    await response.body?.cancel().catch(() => undefined);
    throw new AceError("not_json", path, "answered 200 with a web page");
  }
  const decoder = new TextDecoder();
  let bytes = 0;
  let isBegun = false;
  let tail = "";
  const take = (text: string) => {
    if (!isBegun) {
      const first = /[^ \t\n\r]/.exec(text)?.[0];
      if (first === undefined) return;
      if (first !== "{") throw new AceError("not_json", path, "answered 200 with a body that is not a JSON object");
      isBegun = true;
    }
    if (apiKey.length >= UNMISTAKABLE_CHARS) {
      const seen = tail + text;
      if (seen.includes(apiKey)) throw new AceError("not_a_page", path, "the body quotes the API key");
      tail = seen.slice(1 - apiKey.length);
    }
    reader.write(text);
  };
  try {
    for await (const chunk of response.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) throw new AceError("body_too_large", path, `the body has more than ${maxBytes} bytes`);
      take(decoder.decode(chunk, { stream: true }));
    }
    take(decoder.decode());
    return reader.end();
  } catch (error) {
    if (error instanceof AceError) throw error;
    throw new AceError("broken_body", path, "the body broke off or is not JSON");
  }
}
