import { requireAccess } from "@building-vitals/core/http/require-access";
import { type Env, settingsOf } from "./env.ts";

/** Lets those pass who may write. */
export const requireAdmin = requireAccess<Env>((env) => {
  const { ADMIN_TOKEN: token, FAILED_LOGINS: limiter, access } = settingsOf(env);
  return { token, application: access, limiter };
}, "ADMIN_TOKEN");
