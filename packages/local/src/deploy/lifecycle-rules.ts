import { z } from "zod";
import { STAGING_EXPIRES_DAYS } from "./wanted.ts";

const SECONDS_PER_DAY = 86_400;

/**
 * A lifecycle rule of a bucket, as R2's API shows it. Unknown fields stay, so that they survive a change of another
 * rule.
 */
const ruleSchema = z.looseObject({
  id: z.string(),
  enabled: z.boolean(),
  conditions: z.looseObject({ prefix: z.string().default("") }),
  deleteObjectsTransition: z.looseObject({ condition: z.looseObject({ type: z.string() }) }).nullish(),
});
export const rulesSchema = z
  .object({ rules: z.array(ruleSchema).nullish() })
  .transform(({ rules }): LifecycleRule[] => rules ?? []);
export type LifecycleRule = z.infer<typeof ruleSchema>;

/** Removes the remains of builds that died. */
export const STAGING_RULE: LifecycleRule = {
  id: "staging",
  enabled: true,
  conditions: { prefix: "staging/" },
  deleteObjectsTransition: { condition: { type: "Age", maxAge: STAGING_EXPIRES_DAYS * SECONDS_PER_DAY } },
};

/** The rule as text. */
export function formatRule({ enabled, conditions, deleteObjectsTransition }: LifecycleRule): string {
  const condition = deleteObjectsTransition?.condition;
  const maxAge = condition === undefined ? undefined : condition["maxAge"];
  const date = condition === undefined ? undefined : condition["date"];
  const age = typeof maxAge === "number" ? `after ${maxAge / SECONDS_PER_DAY} days` : `on ${String(date)}`;
  const action = condition === undefined ? "deletes no object" : `deletes objects ${age}`;
  return `${conditions.prefix === "" ? "all keys" : conditions.prefix}: ${action}${enabled ? "" : " (off)"}`;
}

/** Whether a rule has the same effect as the staging rule. */
export function isStagingRule({ enabled, conditions, deleteObjectsTransition }: LifecycleRule): boolean {
  const wanted = STAGING_RULE.deleteObjectsTransition?.condition;
  const condition = deleteObjectsTransition?.condition;
  return (
    enabled &&
    conditions.prefix === STAGING_RULE.conditions.prefix &&
    condition?.type === wanted?.type &&
    condition?.["maxAge"] === wanted?.["maxAge"]
  );
}

/** Whether a rule deletes objects whose keys begin with `prefix`. */
export function expires({ enabled, conditions, deleteObjectsTransition }: LifecycleRule, prefix: string): boolean {
  const overlaps = conditions.prefix.startsWith(prefix) || prefix.startsWith(conditions.prefix);
  return enabled && overlaps && (deleteObjectsTransition ?? null) !== null;
}
