import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Text that people read: comments, messages and UI texts in sources, and all documents. */
const READ_BY_PEOPLE = ["{packages,workers,test,migrations,docs}/**/*.{ts,tsx,mjs,sql,md}", "*.{ts,toml,md}"];

/** This file holds the phrases. docs/benchmarks.md is generated from sources that are checked. */
const EXEMPT = new Set(["test/lint/plain-language.test.ts", "docs/benchmarks.md"]);

/** Phrases that make a reader decode a sentence, each with a text that must be refused. */
const PHRASES: readonly (readonly [phrase: RegExp, example: string])[] = [
  [/\bas far as\b/i, "Well, as far as it is known"],
  [/\bof wh(?:ich|om)\b/i, "those of which the time was scanned"],
  [/\b(?:that|which) (?:is|are) none\b/i, "a silence that is none"],
  [/\bwho(?:m)?ever\b/i, "whoever had a turn since"],
  [/\bwhatever\b/i, "whatever is lost there"],
  [/\blest\b/i, "lest a sample is lost"],
  [/, for (?:it|they|there|he|these|those|this|that|nobody|nothing|whose)\b/i, "deletes the row, for it is a copy"],
  [/\bwhat is (?:left|stored|said|told|asked|there)\b/i, "what is left of a known gap"],
  [/\b(?:is|are|was|were|be) told\b/i, "a site that fails is told of"],
  [/\bfor (?:want|lack) of\b/i, "rejected for want of knowledge"],
  [/\bthe like\b/i, "indexes and the like"],
  [/\b(?:save|but) that (?:it|they|there|the)\b/i, "equal, but that it has no file"],
  [/\bmay well\b/i, "the API may well answer 500"],
  [/\bas good as\b/i, "as good as complete"],
];

/** A source's text with the line breaks and markers inside comments removed, so that a phrase is found across lines. */
function joined(source: string): string {
  return source.replaceAll(/\s*\n\s*(?:\*(?!\/)|\/\/|--|#)?\s*/g, " ");
}

function phrasesIn(source: string): string[] {
  const text = joined(source);
  return PHRASES.flatMap(([phrase]) => [...text.matchAll(new RegExp(phrase.source, "gi"))].map(([found]) => found));
}

it.each(PHRASES)("refuses %s", (phrase, example) => {
  expect(phrasesIn(`/** ${example}. */`).some((found) => phrase.test(found))).toBe(true);
  const [first = "", ...rest] = example.split(" ");
  expect(phrasesIn(`  // ${first}\n  // ${rest.join("\n  // ")}`)).not.toEqual([]);
});

it("accepts plain sentences", () => {
  expect(phrasesIn("/** Drops remainders of a known gap outside `scanned`. Reads the file for the month. */")).toEqual(
    [],
  );
});

it("no comment, message or document holds such a phrase", async () => {
  const files: string[] = [];
  for await (const file of glob(READ_BY_PEOPLE, {
    cwd: ROOT,
    exclude: (path) => /(?:^|\/)(?:node_modules|dist)$/.test(path),
  }))
    if (!EXEMPT.has(file)) files.push(file);
  const faults: string[] = [];
  for (const file of files) {
    const source = await readFile(join(ROOT, file), "utf8");
    faults.push(...phrasesIn(source).map((found) => `${file}: ${found}`));
  }
  expect(files.length).toBeGreaterThan(1000);
  expect(faults).toEqual([]);
});
