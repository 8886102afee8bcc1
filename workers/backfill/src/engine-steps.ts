import { AceError } from "@building-vitals/core/ace/ace-error";
import type { Steps } from "@building-vitals/core/backfill/steps";
import { DayBuildError } from "@building-vitals/core/day-build/day-build-error";
import { Problem } from "@building-vitals/core/domain/problem";
import type { WorkflowStep } from "cloudflare:workers";
import { NonRetryableError } from "cloudflare:workflows";

/** Whether repeating the step cannot help. */
function isPermanent(error: unknown): boolean {
  if (error instanceof AceError) return !error.retryable;
  return error instanceof DayBuildError || error instanceof Problem;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Adapts a Workflow's steps to core's interface. */
export function stepsOf(engine: WorkflowStep): Steps {
  return {
    do: async (name, options, step) => {
      const { retries: limit, backoffMs: delay, timeoutMs: timeout } = options;
      const config = { retries: { limit, delay, backoff: "exponential" }, timeout } as const;
      try {
        return await engine.do(name, config, async ({ attempt }) => {
          try {
            return await step(attempt);
          } catch (error) {
            if (!isPermanent(error)) throw error;
            throw new NonRetryableError(messageOf(error));
          }
        });
      } catch (error) {
        // The engine prefixes the message with the error's name.
        throw new Error(messageOf(error).replace(/^(?:\w*Error: )+/, ""), { cause: error });
      }
    },
  };
}
