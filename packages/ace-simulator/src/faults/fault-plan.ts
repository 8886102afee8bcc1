import { z } from "zod";
import { ENDPOINTS } from "../api/route.ts";

/** When a rule fires among the requests it applies to; without `probability` and `everyNth`, always. */
const trigger = {
  /** chance for each request, drawn from the plan's seed */
  probability: z.number().min(0).max(1).optional(),
  /** the nth, 2nth, 3nth … request */
  everyNth: z.int().min(1).optional(),
  /** at most so often in all */
  times: z.int().min(1).optional(),
};

/** A trigger for faults that any endpoint can have; all endpoints if it names none. */
const anywhere = { ...trigger, endpoint: z.enum(ENDPOINTS).optional() };

const delayMs = z.number().min(0);

/** Faults of the whole answer: at most one hits a request. */
const responseFaults = [
  z.strictObject({ fault: z.literal("429"), retryAfterSeconds: z.int().min(0).default(1), ...anywhere }),
  /** as of a key that may not */
  z.strictObject({ fault: z.literal("403"), ...anywhere }),
  z.strictObject({ fault: z.literal("500"), ...anywhere }),
  z.strictObject({ fault: z.literal("502"), ...anywhere }),
  z.strictObject({ fault: z.literal("503"), ...anywhere }),
  z.strictObject({ fault: z.literal("504"), ...anywhere }),
  /** answers after `hangMs`, or without it never: until the client gives up */
  z.strictObject({ fault: z.literal("hang"), hangMs: delayMs.optional(), ...anywhere }),
  /** the body ends early: `end` looks like a complete answer, `reset` breaks the connection */
  z.strictObject({ fault: z.literal("cut"), how: z.enum(["end", "reset"]).default("end"), ...anywhere }),
  /** 200, but a web page */
  z.strictObject({ fault: z.literal("html"), ...anywhere }),
] as const;

/** Faults of a page of the paginated timeseries: several may hit one page. */
const pageFaults = [
  /** `next_cursor` is the incoming one, or with `cycle` the one before it (A, B, A). Only on a page with a cursor. */
  z.strictObject({ fault: z.literal("repeat_cursor"), cycle: z.boolean().default(false), ...trigger }),
  /** no rows, but a cursor that goes on from the same place */
  z.strictObject({ fault: z.literal("empty_page_with_cursor"), ...trigger }),
  /** every 20th row twice; see page-faults.ts for the pages it leaves alone */
  z.strictObject({ fault: z.literal("duplicates"), ...trigger }),
  /** rows that cannot be stored, beside the good ones */
  z.strictObject({ fault: z.literal("bad_values"), ...trigger }),
  /** all rows but the last one shuffled */
  z.strictObject({ fault: z.literal("out_of_order"), ...trigger }),
] as const;

/** Faults of a list page: several may hit one page. */
const listFaults = [
  /** `pages` is null */
  z.strictObject({ fault: z.literal("null_pages"), ...trigger }),
  /** `total` is null */
  z.strictObject({ fault: z.literal("null_total"), ...trigger }),
  /** the list has only its first entries, and says that these are all */
  z.strictObject({ fault: z.literal("short_list"), keep: z.int().min(0).default(1), ...trigger }),
  /** at most `most` entries a page, while `pages` and `per_page` tell of what was asked for */
  z.strictObject({ fault: z.literal("capped_page"), most: z.int().min(1).default(100), ...trigger }),
  /** `page` is 1 on every page */
  z.strictObject({ fault: z.literal("wrong_page_number"), ...trigger }),
  /** the first page, whichever was asked for */
  z.strictObject({ fault: z.literal("same_page"), ...trigger }),
  /** a second entry with id and name of the last, which says otherwise what the point is */
  z.strictObject({ fault: z.literal("duplicate_ids"), ...trigger }),
] as const;

/** The current weather as older documents have it: records of a time, or one flat record. */
const weatherFault = z.strictObject({
  fault: z.literal("weather_form"),
  form: z.enum(["records", "flat"]),
  ...trigger,
});

/** Some samples show up only a while after their time. */
const lateRule = z.strictObject({
  fault: z.literal("late"),
  /** share of all samples, picked by point and time */
  fraction: z.number().min(0).max(1).default(0.05),
  minDelayMs: delayMs.default(10 * 60_000),
  maxDelayMs: delayMs.default(4 * 3_600_000),
});

/** Nothing is served for [start, end) (epoch ms), until the clock reaches `healedAt`. */
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

/** What goes wrong. The same plan and the same requests in the same order fail in the same way. */
export const faultPlanSchema = z.strictObject({
  seed: z.int().default(1),
  rules: z.array(ruleSchema).default([]),
});

export type FaultPlan = z.output<typeof faultPlanSchema>;
/** A plan as it is written, defaults left out. */
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
