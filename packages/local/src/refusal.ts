import { z } from "zod";
import { parseJson } from "./parse-json.ts";

const problemSchema = z.object({ detail: z.string(), code: z.string() });

/** Why a Worker does not do what a command asks of it. */
export interface Refusal {
  /** null: what answers is not one of our Workers, or could not say */
  readonly code: string | null;
  readonly text: string;
}

/** What an answer that is no 2xx says to somebody at a shell; what a Worker says itself is safe to show. */
export function refusalOf(worker: "etl" | "backfill", url: string, status: number, body: string): Refusal {
  const problem = problemSchema.safeParse(parseJson(body)).data;
  const code = problem?.code ?? null;
  if (code === "unauthorized") {
    return {
      code,
      text: `The ${worker} Worker refuses the token: give its ADMIN_TOKEN, by --token or the environment.`,
    };
  }
  const isAnother = code === "not_found" || (code === null && status >= 300 && status < 500);
  if (isAnother) return { code, text: `What answers at ${url} is no ${worker} Worker.` };
  return { code, text: problem?.detail ?? `The ${worker} Worker answered ${status}.` };
}
