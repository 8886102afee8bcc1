import { z } from "zod";

const syncSchema = z.object({
  sites: z.array(
    z.object({
      site: z.string(),
      recordsInserted: z.int(),
      complete: z.boolean(),
      incompleteBecause: z.string().nullable(),
      errors: z.array(z.object({ message: z.string() })),
    }),
  ),
});

export interface FirstSync {
  /** stored samples */
  readonly stored: number;
  readonly runs: number;
}

/**
 * Triggers syncs until every site has reached the present. A run takes at most 25 s, and continues where the last one
 * ended.
 * @throws Error if a run ends with an error
 */
export async function syncUntilComplete(etlUrl: string, adminToken: string): Promise<FirstSync> {
  let stored = 0;
  for (let runs = 1; ; runs++) {
    const response = await fetch(`${etlUrl}/trigger`, {
      method: "POST",
      headers: { authorization: `Bearer ${adminToken}` },
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`the sync failed: ${text}`);
    const { sites } = syncSchema.parse(JSON.parse(text));
    stored += sites.reduce((sum, site) => sum + site.recordsInserted, 0);
    const failed = sites.find((site) => site.incompleteBecause === "error");
    if (failed !== undefined) {
      throw new Error(`the sync of ${failed.site} failed: ${failed.errors.map((error) => error.message).join("; ")}`);
    }
    if (sites.every((site) => site.complete)) return { stored, runs };
  }
}
