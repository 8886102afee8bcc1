import { isSafeAddress } from "@building-vitals/core/http/safe-address";
import { z } from "zod";
import type { WorkerName } from "./worker-names.ts";

/** A UTC day. */
export const dayOption = z.iso.date({ error: "must be a day such as 2025-10-12" });

/** The address of a Worker, without a trailing slash. */
export function workerOption(worker: WorkerName) {
  return z
    .string()
    .refine(isSafeAddress, {
      error: `must be an https address such as https://${worker}.example.com (http only on the loopback address): a token is sent to it`,
    })
    .transform((url) => url.replace(/\/+$/, ""));
}

/** The ADMIN_TOKEN to send: the option, the environment's, or the default of `npm start`. */
export function adminToken(
  option: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  return option ?? environment["ADMIN_TOKEN"] ?? "local-admin";
}

/** @throws Error with one line per invalid option */
export function parseOptions<S extends z.ZodType>(schema: S, values: unknown): z.output<S> {
  const parsed = schema.safeParse(values);
  if (parsed.success) return parsed.data;
  throw new Error(parsed.error.issues.map((issue) => `--${issue.path.join(".")}: ${issue.message}`).join("\n"));
}
