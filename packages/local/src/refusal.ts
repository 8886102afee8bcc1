import { z } from "zod";
import { parseJson } from "./parse-json.ts";
import type { WorkerName } from "./worker-names.ts";

const problemSchema = z.object({ detail: z.string(), code: z.string() });

/** A Worker's refusal of a command's request. */
export interface RefusedAnswer {
  /** null: the answer has no code, or is of another server */
  readonly code: string | null;
  readonly text: string;
}

/** The action if a Worker refuses the token. */
const TOKEN_HINTS: Record<WorkerName, string> = {
  etl: "give its ADMIN_TOKEN, by --token or the environment",
  backfill: "give its ADMIN_TOKEN, by --token or the environment",
  query: "set its QUERY_TOKEN in the environment",
};

/** The refusal in an answer other than a 2xx. The Worker's own text is safe to print. */
export function refusalOf(worker: WorkerName, url: string, status: number, body: string): RefusedAnswer {
  const problem = problemSchema.safeParse(parseJson(body)).data;
  const code = problem?.code ?? null;
  if (code === "unauthorized") {
    return { code, text: `The ${worker} Worker refuses the token: ${TOKEN_HINTS[worker]}.` };
  }
  if (status >= 300 && status < 400) {
    const redirect = "It redirects; the token is not sent to another address.";
    return { code, text: `No ${worker} Worker answers at ${url}. ${redirect}` };
  }
  const isAnother = code === "not_found" || (code === null && status >= 400 && status < 500);
  if (isAnother) return { code, text: `No ${worker} Worker answers at ${url}.` };
  return { code, text: problem?.detail ?? `The ${worker} Worker answered ${status}.` };
}
