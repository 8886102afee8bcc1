import { countedClient } from "@building-vitals/core/ace/counted-client";
import { createDayBuilder } from "@building-vitals/core/backfill/day-builder";
import { createPacedClient } from "@building-vitals/core/backfill/paced-client";
import { RequestPace } from "@building-vitals/core/backfill/request-pace";
import { runImport } from "@building-vitals/core/backfill/run-import";
import { DAYS_AN_INSTANCE, type InstanceContext, runInstance } from "@building-vitals/core/backfill/run-instance";
import { countedDatabase } from "@building-vitals/core/d1/site-counters";
import { Tally } from "@building-vitals/core/domain/counts";
import { aceConnection } from "@building-vitals/core/http/ace-settings";
import { logError } from "@building-vitals/core/telemetry/log";
import { WorkflowEntrypoint, type WorkflowEvent, type WorkflowStep } from "cloudflare:workers";
import { beginNext } from "./begin-next.ts";
import { countedBuilder } from "./counted-builder.ts";
import { stepsOf } from "./engine-steps.ts";
import { type Env, settingsOf } from "./env.ts";
import { placeOf } from "./sites.ts";
import { instanceParamsSchema, startInstance } from "./instance-params.ts";

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/**
 * The backfill's durable engine. One instance builds a day of one site ({@link DAYS_AN_INSTANCE}) and starts the next one. An import
 * is one instance.
 */
export class BackfillWorkflow extends WorkflowEntrypoint<Env> {
  override async run(event: Readonly<WorkflowEvent<unknown>>, engine: WorkflowStep): Promise<unknown> {
    const params = instanceParamsSchema.parse(event.payload);
    const settings = settingsOf(this.env);
    const { DB: jobs, TIMESERIES: bucket, ETL_STATE: kv, BACKFILL } = settings;
    const steps = stepsOf(engine);
    if (params.kind === "import") {
      const { db, site } = await placeOf(steps, settings, params.site);
      return runImport(steps, { db, bucket, site }, { first: params.first, last: params.last });
    }
    const now = Date.now;
    const pace = new RequestPace({ db: jobs, requestsPerMinute: settings.REQUESTS_PER_MINUTE, now, sleep });
    // Workflow instances are of one site, and fetch one hour at a time.
    const tally = new Tally();
    const { backfillId, epoch, site, number, replaceSuspect } = params;
    const newClient = (day?: number) =>
      countedClient(tally, { fetch: (url, init) => fetch(url, init), sleep }, (hooks) =>
        createPacedClient({
          ...aceConnection(settings),
          pace,
          ...(day === undefined ? {} : { day: { backfillId, siteId: site.id, day } }),
          now,
          ...hooks,
        }),
      );
    const builderIn = (of: D1Database) => {
      const db = countedDatabase(of, tally);
      const builder = createDayBuilder({ db, bucket, newClient, pageSize: settings.PAGE_SIZE, replaceSuspect, now });
      return countedBuilder(builder, tally, jobs, site.id);
    };
    const place = async (): Promise<InstanceContext["destination"]> => {
      try {
        const stored = await placeOf(steps, settings, site);
        return { stored, builder: builderIn(stored.db) };
      } catch (error) {
        // The days of this site fail for it, and no other's.
        logError("site_lost", error, { backfillId, site: site.name });
        return { lost: `the site was not found: ${error instanceof Error ? error.message : String(error)}` };
      }
    };
    return runInstance(steps, {
      db: jobs,
      destination: await place(),
      maxDays: DAYS_AN_INSTANCE,
      kv,
      newClient,
      now,
      ticket: { backfillId, epoch, site, number },
      start: (next) => startInstance(BACKFILL, { ...params, number: next }),
      beginNext: async () => {
        await beginNext(settings);
      },
    });
  }
}
