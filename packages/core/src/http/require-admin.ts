import { createMiddleware } from "hono/factory";
import type { AccessApplication } from "./access-jwt.ts";
import { auditWrites } from "./audit-writes.ts";
import { requireAccess } from "./require-access.ts";

/** The settings that admit administrators. */
export interface AdminSettings {
  readonly DB: D1Database;
  readonly ADMIN_TOKEN: string;
  readonly FAILED_LOGINS?: RateLimit | undefined;
  readonly access: AccessApplication | null;
  /** further secrets of some Workers, which the audit redacts */
  readonly ACE_API_KEY?: string | undefined;
  readonly QUERY_TOKEN?: string | undefined;
}

/**
 * Admits administrators, and records their writes in the audit.
 * @param worker its name
 * @param readsByPost paths whose POST changes nothing
 */
export function requireAdminOf<E extends object>(
  worker: string,
  settingsOf: (env: E) => AdminSettings,
  readsByPost: readonly string[] = [],
) {
  const access = requireAccess<E>((env) => {
    const { ADMIN_TOKEN: token, FAILED_LOGINS: limiter, access: application } = settingsOf(env);
    return { token, application, limiter };
  }, "ADMIN_TOKEN");
  const audit = auditWrites<E>((env) => {
    const { DB: db, ADMIN_TOKEN, ACE_API_KEY, QUERY_TOKEN } = settingsOf(env);
    const secrets = [ADMIN_TOKEN, ACE_API_KEY, QUERY_TOKEN].flatMap((secret) => secret ?? []);
    return { worker, db, secrets };
  }, readsByPost);
  return createMiddleware<{ Bindings: E }>((context, next) =>
    access(context, async () => {
      await audit(context, next);
    }),
  );
}
