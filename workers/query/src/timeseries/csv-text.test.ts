import fc from "fast-check";
import { expect, test } from "vitest";
import { parseCsv } from "../../test/parse-csv.ts";
import { csvText } from "./csv-text.ts";

test.each([
  ["zone temp", "zone temp"],
  ["a, b", '"a, b"'],
  ["=1+1", "'=1+1"],
  ["-5", "'-5"],
  ["\t=1", "'\t'=1"],
  ["\tx", "'\tx"],
  ["a;=1", `"a;'=1"`],
  ["a; =1", `"a;' =1"`],
  ['a;"=1"', `"a;""'=1"""`],
  ["a\n@x", `"a\n'@x"`],
  ["a;b", '"a;b"'],
  ["a-b=c+d@e", "a-b=c+d@e"],
])("%j is written as %j", (text, field) => {
  expect(csvText(text)).toBe(field);
});

/** The cells of a line as a spreadsheet may read it: split at a separator, with quotes only around whole cells, or none. */
function cellsOf(line: string, separator: string): string[] {
  const cells = line.split(new RegExp(`[${separator}\\r\\n]`));
  return cells.flatMap((cell) => [cell, cell.replace(/^"+/, "")]);
}

test("no cell begins with a formula sign, whether split at semicolons, tabs or line ends", () => {
  const texts = fc.string({
    unit: fc.constantFrom("=", "+", "-", "@", ";", '"', "'", ",", " ", "\t", "\r", "\n", "a"),
    maxLength: 12,
  });
  fc.assert(
    fc.property(texts, (text) => {
      const line = `1,${csvText(text)},2`;
      expect(parseCsv(`${csvText(text)}\r\n`)[0]![0]!.replaceAll("'", "")).toBe(text.replaceAll("'", ""));
      const cells = [...cellsOf(line, ";"), ...cellsOf(line, "\t"), ...(parseCsv(`${line}\r\n`)[0] ?? [])];
      for (const cell of cells) expect(cell).not.toMatch(/^\s*[=+\-@]/);
    }),
    { numRuns: 2000 },
  );
});
