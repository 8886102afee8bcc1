/** The first argument of `test(`, `it(` and `test.each(…)(`, if it is a literal. */
const TITLE = /(?:\b(?:test|it)\(|\)\()\s*(?:"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`)/g;

/** A part of a title that `test.each` or a template literal replaces. */
const PLACEHOLDER = /%[#%dfijos]|\$\{[^}]*\}|\$[\w.]+/;

/**
 * The titles of a test file's source that can become the wanted title. Each text in place of a placeholder must be a
 * literal of the file.
 */
export function titlesOf(source: string, wanted: string): string[] {
  const titles = [...source.matchAll(TITLE)].map(([, plain, template]) => plain ?? template ?? "");
  return titles.filter((title) => {
    const parts = title.split(PLACEHOLDER).map((part) => RegExp.escape(part));
    const filled = new RegExp(`^${parts.join("(.+)")}$`, "s").exec(wanted);
    return filled?.slice(1).every((text) => source.includes(`"${text}"`) || source.includes(`\`${text}\``)) ?? false;
  });
}
