import { DEAD_LETTER_REASONS } from "@building-vitals/core/domain/dead-letter";
import { z } from "zod";

const deadLetterId = z
  .string()
  .regex(/^\d{1,16}$/, "must be the id of a dead letter")
  .transform(Number);

/** Filters of dead letters, for addresses and bodies. */
export const deadLetterFilter = {
  site: z.string().min(1).optional(),
  reason: z.enum(DEAD_LETTER_REASONS).optional(),
};
export const deadLetterCursor = deadLetterId.optional().meta({ description: "`next_cursor` of the previous answer" });

/** Selects dead letters. An empty body must not select all of them. */
export const choiceFields = { ids: z.array(deadLetterId).min(1).max(500).optional(), ...deadLetterFilter };

export function isChoice({ ids, site, reason }: { ids?: unknown; site?: unknown; reason?: unknown }): boolean {
  return ids !== undefined || site !== undefined || reason !== undefined;
}
export const NO_CHOICE = "needs `ids`, `site` or `reason`";
