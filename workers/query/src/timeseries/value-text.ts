import { numberText } from "@building-vitals/core/store/segment-body";

/** A value as text, bit for bit; `none` where there is none. */
export function valueText(value: number, none: string): string {
  return Number.isNaN(value) ? none : numberText(value);
}
