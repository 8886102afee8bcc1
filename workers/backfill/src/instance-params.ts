import { instanceName } from "@building-vitals/core/backfill/instance-store";
import { z } from "zod";

const siteSchema = z.strictObject({ id: z.int(), name: z.string().min(1) });

/** An instance of a backfill: its job, its site, and the number of its earlier instances. */
const backfillParamsSchema = z.strictObject({
  kind: z.literal("backfill"),
  backfillId: z.string().min(1),
  epoch: z.int(),
  site: siteSchema,
  /** whether objects that differ from the manifest are rebuilt */
  replaceSuspect: z.boolean(),
  number: z.int().nonnegative(),
});

/** An import of day files into the hot level. `first` and `last` are whole days since 1970, inclusive. */
const importParamsSchema = z.strictObject({
  kind: z.literal("import"),
  importId: z.string().min(1),
  site: siteSchema,
  first: z.int(),
  last: z.int(),
});

/** The build of a closed day from the source. */
const settleParamsSchema = z.strictObject({
  kind: z.literal("settle"),
  /** with its id in its own database */
  site: siteSchema,
  /** whole days since 1970 */
  day: z.int(),
  instance: z.string().min(1),
});

/** The build of a month from its day files. */
const monthParamsSchema = z.strictObject({
  kind: z.literal("month"),
  /** with its id in its own database */
  site: siteSchema,
  /** whole months since January 1970 */
  month: z.int(),
  instance: z.string().min(1),
});

/** The parameters of a Workflow instance. */
export const instanceParamsSchema = z.discriminatedUnion("kind", [
  backfillParamsSchema,
  importParamsSchema,
  settleParamsSchema,
  monthParamsSchema,
]);
export type SettleParams = z.infer<typeof settleParamsSchema>;
export type MonthParams = z.infer<typeof monthParamsSchema>;
export type InstanceParams = z.infer<typeof instanceParamsSchema>;

/** The instance's id. The engine refuses a second instance for the same work. */
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

/** Starts an instance, unless it exists. @throws the engine's error if the instance does not exist afterwards */
export async function startInstance(workflow: Workflow<InstanceParams>, params: InstanceParams): Promise<void> {
  const id = instanceId(params);
  try {
    await workflow.create({ id, params });
  } catch (error) {
    // The engine refuses an existing instance with an error too, so look it up.
    const there = await workflow.get(id).then(
      () => true,
      () => false,
    );
    if (!there) throw error;
  }
}
