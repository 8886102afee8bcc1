import { Problem } from "@building-vitals/core/domain/problem";
import { originOf } from "@building-vitals/core/http/request-origin";
import { problemResponse } from "@building-vitals/core/http/problem-response";

/** The handlers of a Worker that the door stands before. */
interface Handlers {
  fetch(request: Request, env: unknown, context: ExecutionContext): Response | Promise<Response>;
  scheduled?(controller: CronController, env: unknown, context: ExecutionContext): void | Promise<void>;
}

interface CronController {
  readonly cron: string;
  /** epoch ms */
  readonly scheduledTime: number;
  noRetry(): void;
}

interface ExecutionContext {
  waitUntil(promise: Promise<unknown>): void;
}

export interface DoorOptions {
  /** host and port of every Worker of the local run: a service binding keeps the address of the Worker that was asked */
  readonly hosts: readonly string[];
  /** the Worker's cron expressions, by themselves and by name */
  readonly crons: Readonly<Record<string, string>>;
}

/** The platform's own address for running a cron at once. */
const CRON_PATH = "/cdn-cgi/handler/scheduled";

/**
 * What only local runs put before a Worker: a check of the Host header, and the address that runs a cron. A page of another
 * site can have its own name resolve to 127.0.0.1 (DNS rebinding); its requests then carry that name.
 */
export function localDoor(worker: Handlers, { hosts, crons }: DoorOptions): Handlers {
  const known = new Map(Object.entries(crons));
  const allowed = new Set(hosts.map((host) => new URL(`http://${host}`).host));
  return {
    ...worker,
    async fetch(request, env, context) {
      const url = new URL(request.url);
      if (!allowed.has(url.host)) {
        const detail = `A local run answers to ${hosts.join(", ")} only, not to the name in this request's Host header.`;
        return problemResponse(new Problem("host_not_local", detail));
      }
      if (url.pathname !== CRON_PATH) return worker.fetch(request, env, context);
      if (originOf(request) === "other") {
        return problemResponse(new Problem("cross_site", "A page of another site may not run a cron."));
      }
      return runCron(url.searchParams.get("cron") ?? "", env, context);
    },
  };

  async function runCron(asked: string, env: unknown, context: ExecutionContext) {
    const cron = known.get(asked) ?? known.get(asked.split(" ")[0] ?? "");
    if (worker.scheduled === undefined || cron === undefined) {
      const names = [...known.keys()].join("; ") || "none";
      const detail = `cron: this Worker has no cron ${JSON.stringify(asked)}. It has: ${names}.`;
      return problemResponse(new Problem("invalid_request", detail, "cron"));
    }
    const controller = { cron, scheduledTime: Date.now(), noRetry: () => {} };
    const run = (async () => worker.scheduled?.(controller, env, context))();
    // it goes on when the client hangs up
    context.waitUntil(run.catch(() => {}));
    try {
      await run;
      return new Response("ok\n");
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return problemResponse(new Problem("internal", `The cron ${cron} failed: ${reason}`));
    }
  }
}
