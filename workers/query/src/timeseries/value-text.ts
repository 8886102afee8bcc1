import { numberText } from "@building-vitals/core/store/segment-body";

/** A value as text, bit for bit; `none` for NaN. */
export function valueText(value: number, none: string): string {
  return Number.isNaN(value) ? none : numberText(value);
}
