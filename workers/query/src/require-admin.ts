import { requireAdminOf } from "@building-vitals/core/http/require-admin";
import { type Env, settingsOf } from "./env.ts";

/** Lets administrators pass, and audits what they write. */
export const requireAdmin = requireAdminOf<Env>("query", settingsOf);
