import { z } from "zod";
import { parseJson } from "./parse-json.ts";
import type { WorkerName } from "./worker-names.ts";

const problemSchema = z.object({ detail: z.string(), code: z.string() });

/** Why a Worker does not do what a command asks of it. */
export interface Refusal {
  /** null: what answers is not one of our Workers, or could not say */
  readonly code: string | null;
  readonly text: string;
}

/** What to do where a Worker refuses the token. */
const TOKEN_HINTS: Record<WorkerName, string> = {
  etl: "give its ADMIN_TOKEN, by --token or the environment",
  backfill: "give its ADMIN_TOKEN, by --token or the environment",
  query: "set its QUERY_TOKEN in the environment",
};

/** What an answer that is no 2xx says to somebody at a shell; what a Worker says itself is safe to show. */
export function refusalOf(worker: WorkerName, url: string, status: number, body: string): Refusal {
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
