import { z } from "zod";

/** The account that the fake wrangler acts on. */
export const fakeAccountSchema = z.object({
  loggedIn: z.boolean().default(true),
  accounts: z.array(z.object({ id: z.string(), name: z.string() })).default([{ id: "a1", name: "Some Building" }]),
  /** by name */
  databases: z.record(z.string(), z.object({ tables: z.array(z.string()), applied: z.array(z.string()) })).default({}),
  buckets: z
    .record(z.string(), z.array(z.object({ name: z.string(), prefix: z.string(), action: z.string() })))
    .default({}),
  namespaces: z.array(z.string()).default([]),
  workers: z.record(z.string(), z.object({ secrets: z.array(z.string()), version: z.string().nullable() })).default({}),
  /** where every Worker answers */
  url: z.string(),
  /** the beginning of a command that fails, and how */
  fails: z.object({ command: z.string(), message: z.string() }).nullable().default(null),
  /** migrations that are there to be applied */
  migrations: z.array(z.string()).default([]),
});
export type FakeAccount = z.infer<typeof fakeAccountSchema>;
