import type { WorkflowEvent, WorkflowStep } from "cloudflare:workers";
import { binding } from "@building-vitals/core/http/settings";
import backfill from "../../../../workers/backfill/src/index.ts";
import { BackfillWorkflow } from "../../../../workers/backfill/src/workflow.ts";
import etl from "../../../../workers/etl/src/index.ts";
import query from "../../../../workers/query/src/index.ts";
import { Meter } from "./meter.ts";

const meter = new Meter();
const count = () => void meter.counts.logEvents++;
console.log = count;
console.error = count;

/** Running Workflow instances. */
let running = 0;

/** The backfill's Workflow with metered bindings and steps. */
export class MeteredBackfill extends BackfillWorkflow {
  constructor(context: ExecutionContext, env: Readonly<Record<string, unknown>>) {
    super(context, meter.attach(env));
  }

  override async run(event: Readonly<WorkflowEvent<unknown>>, engine: WorkflowStep): Promise<unknown> {
    running++;
    const counted = {
      do: (...given: unknown[]): unknown => {
        meter.counts.workflowSteps++;
        return Reflect.apply(Reflect.get(engine, "do"), engine, given);
      },
    };
    try {
      return await super.run(event, binding<WorkflowStep>().parse(counted));
    } finally {
      running--;
    }
  }
}

/**
 * The three Workers with metered bindings.
 * - `/meter`: the counts since the last call. `/running`: the number of running Workflow instances.
 * - `/clock`: sets the time. `/month-files`: sets whether the sites keep month files.
 */
export default {
  async fetch(request, env, context) {
    const url = new URL(request.url);
    const [, worker = "", ...rest] = url.pathname.split("/");
    const metered = meter.attach(env);
    if (worker === "meter") return Response.json(meter.take());
    if (worker === "clock") {
      let now = Number(url.searchParams.get("now"));
      // Each reading takes 1 ms: the pace of backfills waits for its slots, and the machine's speed changes no count.
      Date.now = () => ++now;
      return new Response(null);
    }
    if (worker === "running") return Response.json(running);
    if (worker === "month-files") {
      meter.monthFiles = url.searchParams.get("kept") === "true";
      return new Response(null);
    }
    const cron = url.searchParams.get("cron");
    if (cron !== null) {
      const controller = { cron, scheduledTime: Date.now(), noRetry: () => {} };
      if (worker === "etl") await etl.scheduled(controller, metered);
      else await backfill.scheduled(controller, metered);
      return new Response(null);
    }
    const asked = new Request(new URL(`/${rest.join("/")}${url.search}`, url), request);
    switch (worker) {
      case "etl":
        return etl.fetch(asked, metered, context);
      case "backfill":
        return backfill.fetch(asked, metered, context);
      case "query":
        return query.fetch(asked, metered, context);
      default:
        return new Response(null, { status: 404 });
    }
  },
} satisfies ExportedHandler<Readonly<Record<string, unknown>>>;
