import { z } from "zod";
import { parseJson } from "./parse-json.ts";
import type { WorkerName } from "./worker-names.ts";

const problemSchema = z.object({ detail: z.string(), code: z.string() });

/** Why a Worker refuses a command's request. */
export interface RefusedAnswer {
  /** null: the answer is of no Worker of ours, or has no code */
  readonly code: string | null;
  readonly text: string;
}

/** What to do if a Worker refuses the token. */
const TOKEN_HINTS: Record<WorkerName, string> = {
  etl: "give its ADMIN_TOKEN, by --token or the environment",
  backfill: "give its ADMIN_TOKEN, by --token or the environment",
  query: "set its QUERY_TOKEN in the environment",
};

/** The message for an answer other than a 2xx; the Worker's own text is safe to show. */
export function refusalOf(worker: WorkerName, url: string, status: number, body: string): RefusedAnswer {
  const problem = problemSchema.safeParse(parseJson(body)).data;
  const code = problem?.code ?? null;
  if (code === "unauthorized") {
    return { code, text: `The ${worker} Worker refuses the token: ${TOKEN_HINTS[worker]}.` };
  }
  if (status >= 300 && status < 400) {
    const redirect = "It redirects, and the token is not sent to another address.";
    return { code, text: `What answers at ${url} is no ${worker} Worker. ${redirect}` };
  }
  const isAnother = code === "not_found" || (code === null && status >= 400 && status < 500);
  if (isAnother) return { code, text: `What answers at ${url} is no ${worker} Worker.` };
  return { code, text: problem?.detail ?? `The ${worker} Worker answered ${status}.` };
}
