import { requireAdminOf } from "@building-vitals/core/http/require-admin";
import { type Env, settingsOf } from "./env.ts";

/** Lets those pass who may write, and audits what they write. */
export const requireAdmin = requireAdminOf<Env>("backfill", settingsOf, ["/backfill/plan"]);
