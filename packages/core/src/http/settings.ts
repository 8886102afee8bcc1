import { z } from "zod";
import { Problem } from "../domain/problem.ts";

/** A whole number. A deployment's variables hold it as text. */
export function integerSetting(options: { default: number; min: number; max: number }) {
  const { min, max } = options;
  const error = `must be a whole number from ${min} to ${max}`;
  return z
    .union([z.string(), z.number()], { error })
    .default(options.default)
    .transform((value) => (typeof value === "string" && !/^\d+$/.test(value) ? Number.NaN : Number(value)))
    .refine((value) => Number.isInteger(value) && value >= min && value <= max, { error });
}

/** A share from 0 to 1. A deployment's variables hold it as text such as `0.8`. */
export function shareSetting(fallback: number) {
  const error = "must be a number from 0 to 1";
  return z
    .union([z.string(), z.number()], { error })
    .default(fallback)
    .transform((value) => (typeof value === "string" && !/^[01](?:\.\d+)?$/.test(value) ? Number.NaN : Number(value)))
    .refine((value) => value >= 0 && value <= 1, { error });
}

/** A binding that must be present. Only the platform knows its type. */
export function binding<T extends object>() {
  return z.custom<T>((value) => typeof value === "object" && value !== null, { error: "is not bound" });
}

function isSet(env: unknown, setting: string | undefined): boolean {
  return typeof env === "object" && env !== null && setting !== undefined && Reflect.get(env, setting) !== undefined;
}

/**
 * Parses a Worker's environment into its typed settings.
 * @throws {Problem} `settings_invalid`, naming each invalid setting, but never a value: it may be a secret
 */
export function parseSettings<S extends z.ZodType>(schema: S, env: unknown): z.output<S> {
  const parsed = schema.safeParse(env);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => {
    const [setting, ...rest] = issue.path.map(String);
    const missing = issue.code === "invalid_type" && rest.length === 0 && !isSet(env, setting);
    return { setting, text: `${[setting, ...rest].join(".")}: ${missing ? "is not set" : issue.message}` };
  });
  throw new Problem("settings_invalid", faults.map((fault) => fault.text).join("; "), faults[0]?.setting);
}

/**
 * Parses again only if a value changed. A request reads its settings several times, and the check of a hundred sites'
 * time zones takes longer than an answer.
 */
export function settingsParser<S extends z.ZodType>(schema: S): (env: object) => z.output<S> {
  let last: { readonly values: ReadonlyMap<string, unknown>; readonly settings: z.output<S> } | null = null;
  return (env) => {
    const values = new Map<string, unknown>(Object.entries(env));
    const isSame = (known: ReadonlyMap<string, unknown>) =>
      known.size === values.size && [...values].every(([name, value]) => Object.is(known.get(name), value));
    if (last === null || !isSame(last.values)) last = { values, settings: parseSettings(schema, env) };
    return last.settings;
  };
}
