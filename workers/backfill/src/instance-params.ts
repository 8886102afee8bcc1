import { instanceName } from "@building-vitals/core/backfill/instance-store";
import { z } from "zod";

const siteSchema = z.strictObject({ id: z.int(), name: z.string().min(1) });

/** Site and job of an instance, and the number of its earlier instances. */
const backfillParamsSchema = z.strictObject({
  kind: z.literal("backfill"),
  backfillId: z.string().min(1),
  epoch: z.int(),
  site: siteSchema,
  /** whether objects that are not what was written are built anew */
  replaceSuspect: z.boolean(),
  number: z.int().nonnegative(),
});

/** Which days are to be loaded into the hot level, as whole days since 1970, both inclusive. */
const importParamsSchema = z.strictObject({
  kind: z.literal("import"),
  importId: z.string().min(1),
  site: siteSchema,
  first: z.int(),
  last: z.int(),
});

/** Which closed day is to be built from the source. */
const settleParamsSchema = z.strictObject({
  kind: z.literal("settle"),
  /** by its id in its own database */
  site: siteSchema,
  /** whole days since 1970 */
  day: z.int(),
  instance: z.string().min(1),
});

/** Which month is to be built from the files of its days. */
const monthParamsSchema = z.strictObject({
  kind: z.literal("month"),
  /** by its id in its own database */
  site: siteSchema,
  /** whole months since January 1970 */
  month: z.int(),
  instance: z.string().min(1),
});

/** What an instance of the Workflow is given. */
export const instanceParamsSchema = z.discriminatedUnion("kind", [
  backfillParamsSchema,
  importParamsSchema,
  settleParamsSchema,
  monthParamsSchema,
]);
export type SettleParams = z.infer<typeof settleParamsSchema>;
export type MonthParams = z.infer<typeof monthParamsSchema>;
export type InstanceParams = z.infer<typeof instanceParamsSchema>;

/** The instance's id: of two starts of the same piece of work, one is refused. */
function instanceId(params: InstanceParams): string {
  switch (params.kind) {
    case "backfill":
      return instanceName(params);
    case "import":
      return params.importId;
    case "settle":
    case "month":
      return params.instance;
  }
}

/** Starts an instance, unless it was started before. @throws when it neither is nor could be started */
export async function startInstance(workflow: Workflow<InstanceParams>, params: InstanceParams): Promise<void> {
  const id = instanceId(params);
  try {
    await workflow.create({ id, params });
  } catch (error) {
    // Refused because it is there already? Asking for it tells.
    const there = await workflow.get(id).then(
      () => true,
      () => false,
    );
    if (!there) throw error;
  }
}
