import { z } from "zod";
import { ENDPOINTS } from "../api/route.ts";

/** When a rule fires; without `probability` and `everyNth`, at every request that it applies to. */
const trigger = {
  /** chance per request, drawn from the plan's seed */
  probability: z.number().min(0).max(1).optional(),
  /** the nth, 2nth, 3nth … request */
  everyNth: z.int().min(1).optional(),
  /** limit of all firings */
  times: z.int().min(1).optional(),
};

/** A trigger for faults of any endpoint; without `endpoint`, of all. */
const anywhere = { ...trigger, endpoint: z.enum(ENDPOINTS).optional() };

const delayMs = z.number().min(0);

/** Faults of the whole answer; at most one hits a request. */
const responseFaults = [
  z.strictObject({ fault: z.literal("429"), retryAfterSeconds: z.int().min(0).default(1), ...anywhere }),
  /** the answer to a key without permission */
  z.strictObject({ fault: z.literal("403"), ...anywhere }),
  z.strictObject({ fault: z.literal("500"), ...anywhere }),
  z.strictObject({ fault: z.literal("502"), ...anywhere }),
  z.strictObject({ fault: z.literal("503"), ...anywhere }),
  z.strictObject({ fault: z.literal("504"), ...anywhere }),
  /** answers after `hangMs`; without it, waits until the client gives up */
  z.strictObject({ fault: z.literal("hang"), hangMs: delayMs.optional(), ...anywhere }),
  /** the body ends early: `end` looks like a complete answer, `reset` breaks the connection */
  z.strictObject({ fault: z.literal("cut"), how: z.enum(["end", "reset"]).default("end"), ...anywhere }),
  /** 200 with a web page */
  z.strictObject({ fault: z.literal("html"), ...anywhere }),
] as const;

/** Faults of a page of the paginated timeseries; several may hit one page. */
const pageFaults = [
  /** `next_cursor` is the incoming one, or with `cycle` the one before it (A, B, A). Only on a page with a cursor. */
  z.strictObject({ fault: z.literal("repeat_cursor"), cycle: z.boolean().default(false), ...trigger }),
  /** no rows, but a cursor that continues at the same place */
  z.strictObject({ fault: z.literal("empty_page_with_cursor"), ...trigger }),
  /** every 20th row twice; page-faults.ts excludes some pages */
  z.strictObject({ fault: z.literal("duplicates"), ...trigger }),
  /** invalid rows beside the good ones */
  z.strictObject({ fault: z.literal("bad_values"), ...trigger }),
  /** all rows but the last in random order */
  z.strictObject({ fault: z.literal("out_of_order"), ...trigger }),
] as const;

/** Faults of a list page; several may hit one page. */
const listFaults = [
  /** `pages` is null */
  z.strictObject({ fault: z.literal("null_pages"), ...trigger }),
  /** `total` is null */
  z.strictObject({ fault: z.literal("null_total"), ...trigger }),
  /** the list has only its first entries, and its fields claim that these are all */
  z.strictObject({ fault: z.literal("short_list"), keep: z.int().min(0).default(1), ...trigger }),
  /** at most `most` entries per page, while `pages` and `per_page` have the requested size */
  z.strictObject({ fault: z.literal("capped_page"), most: z.int().min(1).default(100), ...trigger }),
  /** `page` is 1 on every page */
  z.strictObject({ fault: z.literal("wrong_page_number"), ...trigger }),
  /** always the first page */
  z.strictObject({ fault: z.literal("same_page"), ...trigger }),
  /** a second entry with the last one's id and name, but another description */
  z.strictObject({ fault: z.literal("duplicate_ids"), ...trigger }),
] as const;

/** The current weather in the forms of older documents: records of a time, or one flat record. */
const weatherFault = z.strictObject({
  fault: z.literal("weather_form"),
  form: z.enum(["records", "flat"]),
  ...trigger,
});

/** Some samples appear only a while after their time. */
const lateRule = z.strictObject({
  fault: z.literal("late"),
  /** share of all samples, selected by point and time */
  fraction: z.number().min(0).max(1).default(0.05),
  minDelayMs: delayMs.default(10 * 60_000),
  maxDelayMs: delayMs.default(4 * 3_600_000),
});

/** Samples of [start, end) (epoch ms) are not served until the clock reaches `healedAt`. */
const missingHoursRule = z.strictObject({
  fault: z.literal("missing_hours"),
  ranges: z.array(z.tuple([z.number(), z.number()])).min(1),
  healedAt: z.number().optional(),
});

const ruleSchema = z
  .discriminatedUnion("fault", [
    ...responseFaults,
    ...pageFaults,
    ...listFaults,
    weatherFault,
    lateRule,
    missingHoursRule,
  ])
  .refine((rule) => !("probability" in rule && "everyNth" in rule), "takes probability or everyNth, not both")
  .refine((rule) => rule.fault !== "late" || rule.minDelayMs <= rule.maxDelayMs, "minDelayMs exceeds maxDelayMs");

/** The faults of a simulator. The same plan and the same requests in the same order give the same faults. */
export const faultPlanSchema = z.strictObject({
  seed: z.int().default(1),
  rules: z.array(ruleSchema).default([]),
});

export type FaultPlan = z.output<typeof faultPlanSchema>;
/** A plan as written, without defaults. */
export type FaultPlanInput = z.input<typeof faultPlanSchema>;
export type FaultRule = FaultPlan["rules"][number];
export type Fault = FaultRule["fault"];
export type LateRule = Extract<FaultRule, { fault: "late" }>;
export type MissingHoursRule = Extract<FaultRule, { fault: "missing_hours" }>;
export type ListFaultRule = z.output<(typeof listFaults)[number]>;
export type WeatherFaultRule = z.output<typeof weatherFault>;
export type ResponseFaultRule = z.output<(typeof responseFaults)[number]>;
export type PageFaultRule = z.output<(typeof pageFaults)[number]>;

const RESPONSE_FAULTS: ReadonlySet<string> = new Set(responseFaults.map((schema) => schema.shape.fault.value));
const PAGE_FAULTS: ReadonlySet<string> = new Set(pageFaults.map((schema) => schema.shape.fault.value));
const LIST_FAULTS: ReadonlySet<string> = new Set(listFaults.map((schema) => schema.shape.fault.value));

export function isResponseFault(rule: FaultRule): rule is ResponseFaultRule {
  return RESPONSE_FAULTS.has(rule.fault);
}

export function isPageFault(rule: FaultRule): rule is PageFaultRule {
  return PAGE_FAULTS.has(rule.fault);
}

export function isListFault(rule: FaultRule): rule is ListFaultRule {
  return LIST_FAULTS.has(rule.fault);
}
