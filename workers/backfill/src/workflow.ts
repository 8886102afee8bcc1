import { createDayBuilder } from "@building-vitals/core/backfill/day-builder";
import { createPacedClient } from "@building-vitals/core/backfill/paced-client";
import { RequestPace } from "@building-vitals/core/backfill/request-pace";
import { runImport } from "@building-vitals/core/backfill/run-import";
import { runInstance } from "@building-vitals/core/backfill/run-instance";
import { WorkflowEntrypoint, type WorkflowEvent, type WorkflowStep } from "cloudflare:workers";
import { stepsOf } from "./engine-steps.ts";
import { type Env, settingsOf } from "./env.ts";
import { placeOf } from "./sites.ts";
import { instanceParamsSchema, startInstance } from "./instance-params.ts";

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/**
 * The backfill's durable engine: up to 10 days of one site an instance, and then the next instance. An import is one
 * instance.
 */
export class BackfillWorkflow extends WorkflowEntrypoint<Env> {
  override async run(event: Readonly<WorkflowEvent<unknown>>, engine: WorkflowStep): Promise<unknown> {
    const params = instanceParamsSchema.parse(event.payload);
    const settings = settingsOf(this.env);
    const { DB: jobs, TIMESERIES: bucket, ETL_STATE: kv, BACKFILL } = settings;
    const steps = stepsOf(engine);
    const stored = await placeOf(steps, settings, params.site);
    const { db } = stored;
    if (params.kind === "import") {
      return runImport(steps, { db, bucket, site: stored.site }, { first: params.first, last: params.last });
    }
    const now = Date.now;
    const pace = new RequestPace({ db: jobs, requestsPerMinute: settings.REQUESTS_PER_MINUTE, now, sleep });
    const newClient = () =>
      createPacedClient({
        baseUrl: settings.ACE_API_BASE_URL,
        apiKey: settings.ACE_API_KEY,
        pace,
        fetch: (url, init) => fetch(url, init),
        sleep,
        now,
      });
    const { backfillId, epoch, site, number, replaceSuspect } = params;
    return runInstance(steps, {
      db: jobs,
      stored,
      kv,
      newClient,
      now,
      builder: createDayBuilder({ db, bucket, newClient, pageSize: settings.PAGE_SIZE, replaceSuspect, now }),
      ticket: { backfillId, epoch, site, number },
      start: (next) => startInstance(BACKFILL, { ...params, number: next }),
    });
  }
}
