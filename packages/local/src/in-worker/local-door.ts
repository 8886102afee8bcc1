import { Problem } from "@building-vitals/core/domain/problem";
import { originOf } from "@building-vitals/core/http/request-origin";
import { problemResponse } from "@building-vitals/core/http/problem-response";

/** The handlers of a Worker behind the door. */
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
  /**
   * host and port of every Worker of the local run, because a request through a service binding keeps its first address
   */
  readonly hosts: readonly string[];
  /** the Worker's cron expressions, by themselves and by name */
  readonly crons: Readonly<Record<string, string>>;
}

/** The platform's address that runs a cron. */
const CRON_PATH = "/cdn-cgi/handler/scheduled";

/**
 * Stands before a Worker in local runs only: it checks the Host header, and runs crons by address. A page of another
 * site can resolve its own name to 127.0.0.1 (DNS rebinding); its requests then carry that name as Host.
 */
export function localDoor(worker: Handlers, { hosts, crons }: DoorOptions): Handlers {
  const known = new Map(Object.entries(crons));
  const allowed = new Set(hosts.map((host) => new URL(`http://${host}`).host));
  return {
    ...worker,
    async fetch(request, env, context) {
      const url = new URL(request.url);
      if (!allowed.has(url.host)) {
        const detail = `A local run accepts the hosts ${hosts.join(", ")} only, not this request's Host header.`;
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
    // the run continues if the client disconnects
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
