import { parseMicroseconds } from "./ace-time.ts";

/** A 400 that names the invalid parameter. */
export class InvalidQuery extends Error {
  readonly parameter: string;

  constructor(parameter: string, message: string) {
    super(message);
    this.name = "InvalidQuery";
    this.parameter = parameter;
  }
}

/** An integer >= 1. */
export function positiveInteger(query: URLSearchParams, parameter: string, otherwise: number): number {
  const text = query.get(parameter);
  if (text === null) return otherwise;
  if (!/^[+-]?\d+$/.test(text)) {
    throw new InvalidQuery(parameter, `invalid literal for int() with base 10: '${text}'`);
  }
  const number = Number(text);
  if (number < 1) throw new InvalidQuery(parameter, `The value '${text}' must be at least 1.`);
  return number;
}

/** An integer of a closed set. */
export function integerChoice(
  query: URLSearchParams,
  parameter: string,
  choices: readonly number[],
  otherwise: number,
): number {
  const number = positiveInteger(query, parameter, otherwise);
  if (choices.includes(number)) return number;
  throw new InvalidQuery(parameter, `The value '${number}' is not a valid choice for '${parameter}'.`);
}

export function flag(query: URLSearchParams, parameter: string, otherwise: boolean): boolean {
  const text = query.get(parameter);
  switch (text?.toLowerCase()) {
    case undefined:
      return otherwise;
    case "true":
    case "1":
      return true;
    case "false":
    case "0":
      return false;
    default:
      throw new InvalidQuery(parameter, `Invalid literal for boolean(): ${text}`);
  }
}

/** A time in epoch microseconds. */
export function requiredTime(query: URLSearchParams, parameter: string): number {
  const text = query.get(parameter);
  if (text === null) throw new InvalidQuery(parameter, "Missing required parameter in the query string");
  const timeUs = parseMicroseconds(text);
  if (timeUs === undefined) throw new InvalidQuery(parameter, `Invalid isoformat string: '${text}'`);
  return timeUs;
}
