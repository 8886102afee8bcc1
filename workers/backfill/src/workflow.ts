import { countedClient } from "@building-vitals/core/ace/counted-client";
import { createDayBuilder } from "@building-vitals/core/backfill/day-builder";
import { createPacedClient } from "@building-vitals/core/backfill/paced-client";
import { type PaceContext, RequestPace } from "@building-vitals/core/backfill/request-pace";
import { runImport } from "@building-vitals/core/backfill/run-import";
import { MAX_DAYS_PER_INSTANCE, type InstanceContext, runInstance } from "@building-vitals/core/backfill/run-instance";
import type { Steps } from "@building-vitals/core/backfill/steps";
import { countedDatabase } from "@building-vitals/core/d1/site-counters";
import { databaseOf } from "@building-vitals/core/d1/site-databases";
import { Tally } from "@building-vitals/core/domain/counts";
import type { SiteConfig } from "@building-vitals/core/domain/site";
import { aceConnection } from "@building-vitals/core/http/ace-settings";
import { runMonth } from "@building-vitals/core/months/run-month";
import { runSettle } from "@building-vitals/core/settle/run-settle";
import { logError } from "@building-vitals/core/telemetry/log";
import { WorkflowEntrypoint, type WorkflowEvent, type WorkflowStep } from "cloudflare:workers";
import { beginNext } from "./begin-next.ts";
import { countedBuilder } from "./counted-builder.ts";
import { stepsOf } from "./engine-steps.ts";
import { type Env, type Settings, settingsOf } from "./env.ts";
import { instanceParamsSchema, type MonthParams, type SettleParams, startInstance } from "./instance-params.ts";
import { beginMonth, keepsMonthFiles } from "./months.ts";
import { beginSettling, isPausedBySetting } from "./settle.ts";
import { placeOf } from "./sites.ts";

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

function paceOf({ DB: db, REQUESTS_PER_MINUTE: requestsPerMinute }: Settings, job: PaceContext["job"]): RequestPace {
  return new RequestPace({ db, requestsPerMinute, job, now: Date.now, sleep });
}

/** @throws Error if the SITES setting no longer has the site */
function siteConfig({ SITES }: Settings, name: string): SiteConfig {
  const config = SITES.find((site) => site.name === name);
  if (config === undefined) throw new Error(`the SITES setting no longer has the site ${JSON.stringify(name)}`);
  return config;
}

/**
 * The durable engine of backfills. An instance builds a day of one site ({@link MAX_DAYS_PER_INSTANCE}) and starts the
 * next instance. An import, the settling of a day, and the build of a month are one instance each.
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
    if (params.kind === "settle") return this.#settle(steps, settings, params);
    if (params.kind === "month") return this.#buildMonth(steps, settings, params);
    const now = Date.now;
    const pace = paceOf(settings, "backfill");
    // An instance has one site and fetches one hour at a time, so it needs one tally.
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
    const builderIn = (database: D1Database) => {
      const db = countedDatabase(database, tally);
      const { PAGE_SIZE: pageSize, HOT_DAYS: hotDays } = settings;
      const builder = createDayBuilder({ db, bucket, newClient, pageSize, replaceSuspect, hotDays, now });
      return countedBuilder(builder, tally, { db: jobs, job: "backfill", siteId: site.id });
    };
    const place = async (): Promise<InstanceContext["destination"]> => {
      try {
        const stored = await placeOf(steps, settings, site);
        return { stored, builder: builderIn(stored.db) };
      } catch (error) {
        // Only the days of this site fail.
        logError("site_lost", error, { backfillId, site: site.name });
        return { lost: `the site was not found: ${error instanceof Error ? error.message : String(error)}` };
      }
    };
    return runInstance(steps, {
      db: jobs,
      destination: await place(),
      maxDays: MAX_DAYS_PER_INSTANCE,
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

  #buildMonth(steps: Steps, settings: Settings, { site, month, instance }: MonthParams): Promise<void> {
    const config = siteConfig(settings, site.name);
    const db = databaseOf(settings, config);
    return runMonth(steps, {
      db,
      bucket: settings.TIMESERIES,
      site,
      appointed: { month, instance },
      keepsFiles: keepsMonthFiles(config),
      now: Date.now,
      beginNext: () => beginMonth(settings, { db, site }, config),
    });
  }

  #settle(steps: Steps, settings: Settings, { site, day, instance }: SettleParams): Promise<void> {
    const { TIMESERIES: bucket } = settings;
    const config = siteConfig(settings, site.name);
    const now = Date.now;
    const tally = new Tally();
    const pace = paceOf(settings, "settling");
    const newClient = () =>
      countedClient(tally, { fetch: (url, init) => fetch(url, init), sleep }, (hooks) =>
        createPacedClient({ ...aceConnection(settings), pace, now, ...hooks }),
      );
    const database = databaseOf(settings, config);
    const db = countedDatabase(database, tally);
    const { PAGE_SIZE: pageSize, SETTLE_DAYS: offsets, HOT_DAYS: hotDays } = settings;
    const builder = createDayBuilder({ db, bucket, newClient, pageSize, replaceSuspect: false, hotDays, now });
    return runSettle(steps, {
      db,
      bucket,
      site,
      builder: countedBuilder(builder, tally, { db: database, job: "settle", siteId: site.id }),
      appointed: { day, instance },
      offsets,
      hotDays,
      isPaused: isPausedBySetting(settings, site.name),
      newClient,
      now,
      beginNext: () => beginSettling(settings, { db: database, site }, config.database),
    });
  }
}
