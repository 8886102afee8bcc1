import type { RejectionReason } from "../domain/rejection.ts";

/** Why a value was rejected. */
type ValueRejection = Extract<RejectionReason, "null" | "non_numeric" | "non_finite">;

/** Texts that Number() reads although they are not decimal: only space, and hex, octal or binary literals. */
const NOT_DECIMAL = /^\s*(?:$|0[xob])/i;

const NON_FINITE_WORD = /^[+-]?(?:nan|inf|infinity)$/;

function parseText(text: string): number | ValueRejection {
  const number = Number(text);
  if (Number.isFinite(number)) return NOT_DECIMAL.test(text) ? "non_numeric" : number;
  if (!Number.isNaN(number)) return "non_finite";
  const word = text.trim().toLowerCase();
  if (word === "true" || word === "active") return 1;
  if (word === "false" || word === "inactive") return 0;
  return NON_FINITE_WORD.test(word) ? "non_finite" : "non_numeric";
}

/**
 * Parses a sample's value to a finite double. Accepts numbers, booleans, decimal text with space around it (`"72.5"`,
 * `"-0"`, `" 1e3 "`), and true/active (1) and false/inactive (0) in any case.
 *
 * @returns the exact double of the decimal text, or the reason of the rejection
 */
export function parseValue(value: unknown): number | ValueRejection {
  if (typeof value === "string") return parseText(value);
  if (typeof value === "number") return Number.isFinite(value) ? value : "non_finite";
  if (typeof value === "boolean") return value ? 1 : 0;
  return value === null || value === undefined ? "null" : "non_numeric";
}
