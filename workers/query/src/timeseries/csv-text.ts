import { type FurtherColumn, isTexts } from "./series-columns.ts";
import { valueText } from "./text-bytes.ts";

/**
 * Where a spreadsheet may begin a cell that it reads as a formula. Excel splits at `;` in locales with a decimal comma,
 * and does not see the quotes of a field that is not the first of its line: `;`, quotes, tabs and line ends inside of a
 * text begin cells too.
 */
const CELL_STARTS = /([;"\t\r\n])(?=\s*[=+\-@])/g;
/** A formula at the start of the text. A tab or carriage return there begins one too. */
const START = /^(?=\s*[=+\-@]|[\t\r])/;

/**
 * A text as a CSV field (RFC 4180). Point names come from controllers and are not trusted: an apostrophe keeps a
 * spreadsheet from running a part of a name as a formula.
 */
export function csvText(text: string): string {
  const safe = text.replace(CELL_STARTS, "$1'").replace(START, "'");
  return /[",;\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A field of a column; no value is empty. */
export function csvField(values: FurtherColumn["values"], i: number): string {
  return isTexts(values) ? csvText(values[i]!) : valueText(values[i]!, "");
}
