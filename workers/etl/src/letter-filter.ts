import { LETTER_REASONS } from "@building-vitals/core/domain/dead-letter";
import { Problem } from "@building-vitals/core/domain/problem";
import { readSyncStates, type SyncState } from "@building-vitals/core/sync/sync-state";
import { z } from "zod";
import type { Settings } from "./env.ts";

const letterId = z
  .string()
  .regex(/^\d{1,16}$/, "must be a letter's id")
  .transform(Number);

/** What letters are asked for by, in addresses and bodies. */
export const letterFilter = {
  site: z.string().min(1).optional(),
  reason: z.enum(LETTER_REASONS).optional(),
};
export const letterCursor = letterId.optional().meta({ description: "`next_cursor` of the answer before" });

/** A choice of letters to do something with; not simply all of them, which an empty body would mean. */
export const choiceFields = { ids: z.array(letterId).min(1).max(500).optional(), ...letterFilter };

export function isChoice({ ids, site, reason }: { ids?: unknown; site?: unknown; reason?: unknown }): boolean {
  return ids !== undefined || site !== undefined || reason !== undefined;
}
export const NO_CHOICE = "needs `ids`, `site` or `reason`";

/**
 * The state of one configured site, or of all of them, by name.
 * @throws {Problem} `unknown_site`
 */
export async function statesOf(settings: Settings, only: string | undefined): Promise<Map<string, SyncState>> {
  const names = settings.SITES.map(({ name }) => name).filter((name) => only === undefined || name === only);
  if (names.length === 0) {
    throw new Problem("unknown_site", `The SITES setting has no site ${JSON.stringify(only)}.`, "site");
  }
  return readSyncStates(settings.DB, names);
}
